import type { AgentScoreRecord } from '../../../contracts/scores.ts';
import type { DecimalText } from '../../../domain/money/money.ts';
import { type CycleId } from '../../../domain/orders/ids.ts';
import type { ScorePeriod } from '../../../domain/scoring/periods.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import type { Signal } from '../../../domain/signals/signals.ts';

/** A signal whose horizon has ended and whose outcome is not known yet. */
export interface DueSignal {
  cycleId: CycleId;
  agentId: AgentId;
  symbol: string;
  /** Price at the decision. */
  price: DecimalText;
  dueAt: number;
}

/** What a signal expected of the return over what was left of its horizon. */
export type KeptForecast = Pick<Signal, 'expectedReturn' | 'uncertainty' | 'conviction'>;

/** Payload of `signal.settled`: a signal with what came. What is optional is missing in events of an earlier release. */
export interface SettledSignal extends DueSignal, Partial<KeptForecast> {
  account: string;
  model: string;
  probabilities: Signal['probabilities'];
  horizonMs?: number;
  formedAt?: number;
  /** Of the vote that it carried. */
  share: number;
  /** Missing where the venue never had one. */
  finalPrice?: DecimalText;
}

export interface ScoreBook {
  /** Oldest first. */
  due(account: string, now: number, limit: number): Promise<DueSignal[]>;
  /**
   * Writes what came of signals and, in the same transaction, adds it to the sums of their periods. A signal whose outcome can't be known any
   * more (`undefined`) is closed without one. Nothing is read of a settled signal again. Idempotent.
   *
   * @returns agents whose sums have changed, by name
   */
  settle(
    account: string,
    outcomes: readonly (DueSignal & { finalPrice: DecimalText | undefined })[],
  ): Promise<AgentId[]>;
  /** Sums of one agent's periods that end after a moment, oldest first. */
  periods(account: string, agentId: AgentId, after: number): Promise<ScorePeriod[]>;
  /** Keeps scores, tells them, and forgets periods that scoring looks at no more. */
  write(account: string, records: readonly AgentScoreRecord[]): Promise<void>;
  read(account: string): Promise<AgentScoreRecord[]>;
}
