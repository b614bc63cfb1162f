import type { Via } from '../../contracts/audit.ts';
import type { ModelVersion } from '../../contracts/models.ts';
import type { AgentSettings, ParticipationChange } from '../../contracts/participation.ts';
import type { AgentScoreRecord } from '../../contracts/scores.ts';
import type { AgentParticipation } from '../../domain/consensus/participation.ts';
import type { DecimalText } from '../../domain/money/money.ts';
import type { AgentScore, ScoredSignal } from '../../domain/scoring/scoring.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { Signal } from '../../domain/signals/signals.ts';

export interface SettingsChange<Settings> {
  version: number;
  account: string;
  before: Settings | undefined;
  after: Settings;
  by: string;
  reason: string;
  changedAt: number;
}

/** Settings of an account: the configuration's, until a person changes them here. */
export interface SettingsBook<Settings> {
  /** Throws when none were ever adopted. */
  read(account: string): Promise<{ version: number; settings: Settings }>;
  /**
   * Takes the configuration's settings over when they are not those that were last taken over: a person's change here stays until the
   * configuration itself is changed. A default that moved with a release changes only what no person has.
   */
  adopt(account: string, configured: Settings): Promise<void>;
  /** Idempotent by request id. */
  change(request: {
    requestId: string;
    account: string;
    settings: Partial<Settings>;
    by: string;
    reason: string;
    via?: Via;
  }): Promise<SettingsChange<Settings>>;
  changes(account: string, limit: number): Promise<SettingsChange<Settings>[]>;
}

/** How often an agent has failed in a row, and when it last did; one that answers starts anew. */
export interface AgentHealth {
  failures: number;
  failedAt: number;
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

/** A signal that a guest brought by itself. */
export interface SubmittedSignal {
  signal: Signal;
  model: string;
  version: string;
  receivedAt: number;
  /** Of the cycle that it was meant for, whose consensus was formed before it came. */
  lateFor: string | undefined;
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
  /** Whose token it is, unless it ended. */
  byToken(tokenHash: string): Promise<AgentId | undefined>;
  /** Idempotent by agent, request id and symbol: the second call returns the first. */
  submit(
    requestId: string,
    submission: Omit<SubmittedSignal, 'receivedAt' | 'lateFor'> & { cycleId?: string },
  ): Promise<SubmittedSignal>;
  /** The newest of each agent and symbol that came after `since` and was not late. */
  standing(since: number): Promise<SubmittedSignal[]>;
}

/** A signal whose horizon has ended and whose outcome is not known yet. */
export interface DueSignal {
  cycleId: string;
  agentId: AgentId;
  symbol: string;
  /** Price at the decision. */
  price: DecimalText;
  dueAt: number;
}

/** Payload of `signal.settled`: a signal with what came. */
export interface SettledSignal extends DueSignal {
  account: string;
  model: string;
  probabilities: Signal['probabilities'];
  /** Of the vote that it carried. */
  share: number;
  /** Missing where the venue never had one. */
  finalPrice?: DecimalText;
}

export interface ScoreBook {
  /** Oldest first. */
  due(account: string, now: number, limit: number): Promise<DueSignal[]>;
  /**
   * Writes what came of signals and, in the same transaction, the scores of their agents over their last signals. A signal whose outcome can't
   * be known any more (`undefined`) is closed without one. Idempotent.
   */
  settle(
    account: string,
    outcomes: readonly (DueSignal & { finalPrice: DecimalText | undefined })[],
    score: (signals: readonly ScoredSignal[]) => AgentScore,
  ): Promise<AgentScoreRecord[]>;
  read(account: string): Promise<AgentScoreRecord[]>;
}

/** One request to a language model. Money is US dollars. */
export interface ModelCall {
  callId: string;
  agentId: AgentId;
  cycleId: string;
  /** The model that was asked for; `model` is the one that says it answered, empty while nothing has. */
  askedModel: string;
  model: string;
  promptVersion: string;
  /** SHA-256 of what was asked, hexadecimal, without the random fence. */
  promptHash: string;
  /** How the answer was drawn, by the protocol's names: temperature, max_tokens, and seed where the provider takes one. */
  sampling: Readonly<Record<string, number>>;
  /** `reserved`: how it ended is not known (yet), and it counts at the most that it can have cost. */
  state: 'reserved' | 'settled';
  costUsd: DecimalText;
  tokens: number;
  finishReason: string;
  /** The answer as it came: its first 40,000 characters, what no database can hold (null, half a surrogate pair) as U+FFFD. */
  content: string;
  latencyMs: number;
  startedAt: number;
}

/** Versions of models that were trained here, each an agent of its own. */
export interface ModelBook {
  /** As a shadow: asked and scored, and not counted. Idempotent by its weights; one that was retired comes back. */
  register(request: {
    training: ModelVersion['training'];
    by: string;
    reason: string;
    via?: Via;
  }): Promise<ModelVersion>;
  /** Its vote counts from the next cycle on. Idempotent. */
  promote(request: { agentId: AgentId; by: string; reason: string; via?: Via }): Promise<ModelVersion>;
  /** It is not asked any more. Idempotent. */
  retire(request: { agentId: AgentId; by: string; reason: string; via?: Via }): Promise<ModelVersion>;
  /** Newest first. */
  list(): Promise<ModelVersion[]>;
}

export interface ModelBudget {
  perCycleUsd: DecimalText;
  /** Of a UTC day. */
  perDayUsd: DecimalText;
}

export interface ModelCallBook {
  /** Reserves the most that a call can cost, if the agent's budget has that left. */
  reserve(
    call: Pick<
      ModelCall,
      'callId' | 'agentId' | 'cycleId' | 'askedModel' | 'promptVersion' | 'promptHash' | 'sampling'
    > & { mostUsd: DecimalText },
    budget: ModelBudget,
  ): Promise<{ granted: boolean; cycleUsd: DecimalText; dayUsd: DecimalText }>;
  /** Writes how a call ended, and gives back what was reserved too much. Idempotent. */
  settle(
    callId: string,
    end: Pick<ModelCall, 'model' | 'costUsd' | 'tokens' | 'finishReason' | 'content' | 'latencyMs'>,
  ): Promise<void>;
  /** What was spent since a moment, by agent and model. */
  spent(
    since: number,
  ): Promise<{ agentId: AgentId; model: string; calls: number; tokens: number; costUsd: DecimalText }[]>;
  /** Newest first. */
  list(filter: { cycleId?: string | undefined; limit: number }): Promise<ModelCall[]>;
}
