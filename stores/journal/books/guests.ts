import type { Via } from '../../../contracts/audit.ts';
import type { AgentSettings, ParticipationChange } from '../../../contracts/participation.ts';
import { type CycleId } from '../../../domain/orders/ids.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import type { Signal } from '../../../domain/signals/signals.ts';

/** A signal that a guest brought by itself. */
export interface SubmittedSignal {
  signal: Signal;
  model: string;
  version: string;
  receivedAt: number;
  /** Of the cycle that it was meant for, whose consensus was formed before it came. */
  lateFor: string | undefined;
}

/** A rule of somebody's own, whose file lies on the machines that run agents. It is asked, and brings nothing by itself. */
export interface AddedFile {
  agentId: AgentId;
  /** Of the file. */
  sha256: string;
  /** When this version of it was added. */
  since: number;
}

export interface GuestBook {
  /**
   * Adds an agent, or gives it another token, with which the old one ends. One without a token until now is a shadow, unless the settings name
   * its role. Idempotent by request id.
   */
  invite(request: {
    requestId: string;
    agentId: AgentId;
    /** SHA-256, hexadecimal: the token itself is kept nowhere. */
    tokenHash: string;
    settings: AgentSettings;
    by: string;
    reason: string;
    via?: Via;
  }): Promise<ParticipationChange>;
  /** Ends its token and disables it. Idempotent by request id. */
  revoke(request: {
    requestId: string;
    agentId: AgentId;
    by: string;
    reason: string;
    via?: Via;
  }): Promise<ParticipationChange>;
  /**
   * Adds a rule's file, or another version of it: that is another agent, which begins without a score and, unless the settings name its role, as a shadow.
   * Idempotent by request id; the same version a second time keeps its role and its score.
   *
   * @throws UserError NameTaken
   */
  addFile(request: {
    requestId: string;
    agentId: AgentId;
    sha256: string;
    settings: AgentSettings;
    by: string;
    reason: string;
    via?: Via;
  }): Promise<ParticipationChange>;
  /** Those in use; `revoke` ends one. */
  files(): Promise<AddedFile[]>;
  /** Whose token it is, unless it ended. */
  byToken(tokenHash: string): Promise<AgentId | undefined>;
  /** Idempotent by agent, request id and symbol: the second call returns the first. */
  submit(
    requestId: string,
    submission: Omit<SubmittedSignal, 'receivedAt' | 'lateFor'> & { cycleId?: CycleId | undefined },
  ): Promise<SubmittedSignal>;
  /** The newest of each agent and symbol that came after `since` and was not late. */
  standing(since: number): Promise<SubmittedSignal[]>;
}
