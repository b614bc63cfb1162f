import type { Via } from '../../../contracts/audit.ts';
import type { AgentSettings, ParticipationChange } from '../../../contracts/participation.ts';
import type { AgentParticipation } from '../../../domain/consensus/participation.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import type { AbstentionReason } from '../../../domain/signals/signals.ts';

/** How often an agent has failed in a row, and when it last did; one that answers starts anew. */
export interface AgentHealth {
  failures: number;
  failedAt: number;
  /** What it failed in last, for a person; missing where it answers, and of failures that an earlier release counted. */
  cause?: string;
  /** The code of that. */
  reason?: AbstentionReason;
}

export interface ParticipationBook {
  /** Adds the seats that have no row yet; leaves the others as they are. */
  seed(defaults: Readonly<Record<AgentId, AgentParticipation>>): Promise<void>;
  read(): Promise<{ version: number; agents: Record<AgentId, AgentParticipation> }>;
  /** Idempotent by request id. Refused for an agent that nobody knows. */
  change(request: {
    requestId: string;
    agentId: AgentId;
    settings: AgentSettings;
    by: string;
    reason: string;
    via?: Via;
  }): Promise<ParticipationChange>;
  changes(limit: number): Promise<ParticipationChange[]>;
  health(): Promise<Record<AgentId, AgentHealth>>;
}
