import type { Consensus } from '../../contracts/consensus.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import type { AgentId } from '../../domain/agents.ts';
import type { Mode } from '../../domain/market.ts';
import type { DecimalText } from '../../domain/money.ts';
import type { Fill, OrderLeg, OrderState } from '../../domain/orders.ts';
import type { AgentParticipation } from '../../domain/participation.ts';
import type { Balance, OrderPlan, Position } from '../../domain/portfolio.ts';

/**
 * The books. Each method is one transaction, durable when its promise resolves; amounts are decimal text; times are UTC epoch milliseconds.
 * Methods that change something are idempotent under the key that their input carries.
 */
export interface Journal {
  readonly control: ControlBook;
  readonly intents: IntentBook;
  readonly ledger: LedgerBook;
  readonly cycles: CycleBook;
  readonly participation: ParticipationBook;
  readonly outbox: Outbox;
  /** Refuses with the reason when the file or server cannot be written. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export type TradingState = 'active' | 'reducing' | 'halted';

export interface ControlState {
  tradingState: TradingState;
  /** Grows with each halt and each resume. An intent passes the fence only under the current one. */
  epoch: number;
  reason: string;
  changedBy: string;
  changedAt: number;
}

export interface ControlBook {
  read(account: string): Promise<ControlState>;
  /** Idempotent by request id: the second call returns the epoch of the first. */
  raiseHalt(request: { requestId: string; account: string; reason: string; by: string }): Promise<ControlState>;
  /** Compares and sets: refused (undefined) when a stop came in between. */
  resume(request: {
    account: string;
    expectedEpoch: number;
    reason: string;
    by: string;
  }): Promise<ControlState | undefined>;
}

export interface Intent extends OrderLeg {
  intentId: string;
  submission: number;
  state: OrderState;
  /** The exchange refuses the request after this time. */
  sendBy: number;
  venueOrderId: string | undefined;
  filledQuantity: DecimalText;
  detail: string;
  createdAt: number;
  updatedAt: number;
}

export interface FenceLimits {
  maxOrderNotional: DecimalText;
  maxOrdersPerMinute: number;
}

export type FenceResult =
  | { passed: true; intent: Intent }
  | { passed: false; code: string; limit: string; value: string; intent: Intent | undefined };

/** What is newly known of an order at the exchange, with all fills that came with it. */
export interface OrderReport {
  intentId: string;
  state: OrderState;
  venueOrderId?: string;
  filledQuantity?: DecimalText;
  detail?: string;
  fills: Fill[];
}

export interface IntentBook {
  /**
   * The fence: in one transaction checks trading state, epoch and limits, and inserts the intent as `sending`. An intent that exists already is
   * never let through a second time.
   */
  openFence(leg: OrderLeg, submission: number, sendBy: number, limits: FenceLimits): Promise<FenceResult>;
  /** Books fills as a set union and moves the state if the move is legal; a terminal state releases what is left of the reservation. */
  report(report: OrderReport): Promise<Intent>;
  /** Puts a tombstone where no row exists, so that a stalled attempt that wakes late cannot pass. Returns what stands there then. */
  voidIfMissing(leg: OrderLeg, submission: number): Promise<Intent>;
  find(intentId: string): Promise<Intent | undefined>;
  /** All that may be open at the exchange, as far as is known. */
  listOpen(account: string): Promise<Intent[]>;
  list(account: string, limit: number): Promise<Intent[]>;
}

export interface LedgerBook {
  /** Idempotent by reference. Opens the account at its first deposit. */
  deposit(entry: { reference: string; account: string; asset: string; amount: DecimalText; at: number }): Promise<void>;
  balances(account: string): Promise<Balance[]>;
  positions(account: string): Promise<Position[]>;
  /** Deposits less withdrawals, by asset. */
  deposits(account: string): Promise<Record<string, DecimalText>>;
  fillsOfCycle(cycleId: string): Promise<Fill[]>;
  equityMarks(account: string): Promise<EquityMarks | undefined>;
}

export interface EquityMarks {
  equity: DecimalText;
  /** Equity at 00:00 UTC, or at the first mark of the day. */
  dayOpen: DecimalText;
  highWater: DecimalText;
  at: number;
}

export interface CycleBook {
  /**
   * Decides on the plan under the journal's lock: `decide` sees balances, positions and open orders as they are in this transaction; its legs'
   * capital is reserved in it. Idempotent by cycle id: the second call returns the first plan.
   */
  plan(cycleId: string, account: string, decide: (view: PlanningView) => OrderPlan): Promise<OrderPlan>;
  /** Releases what a leg still holds, when its order workflow could not be started. */
  releaseLeg(legId: string): Promise<void>;
  /** Writes the decision record and marks equity where it is known; idempotent by cycle id. */
  record(record: CycleRecord): Promise<void>;
  find(cycleId: string): Promise<CycleRecord | undefined>;
  list(account: string, limit: number): Promise<CycleRecord[]>;
  saveConsensus(consensus: Consensus): Promise<Consensus>;
  findConsensus(cycleId: string): Promise<Consensus | undefined>;
}

export interface PlanningView {
  control: ControlState;
  balances: Balance[];
  positions: Position[];
  /** Submissions that may be open, and planned legs (`initialized`) that were not sent yet. */
  openOrders: Pick<Intent, 'symbol' | 'side' | 'quantity' | 'limitPrice' | 'state'>[];
  marks: EquityMarks | undefined;
}

export interface ParticipationChange {
  version: number;
  agentId: AgentId;
  before: AgentParticipation;
  after: AgentParticipation;
  by: string;
  reason: string;
  changedAt: number;
}

export interface ParticipationBook {
  /** Adds the agents that have no row yet; leaves the others as they are. */
  seed(defaults: Record<AgentId, AgentParticipation>): Promise<void>;
  read(): Promise<{ version: number; agents: Record<AgentId, AgentParticipation> }>;
  /** Idempotent by request id. */
  change(request: {
    requestId: string;
    agentId: AgentId;
    enabled?: boolean;
    weight?: number;
    by: string;
    reason: string;
  }): Promise<ParticipationChange>;
  changes(limit: number): Promise<ParticipationChange[]>;
}

/** One fact in past tense, written in the transaction that made it true. */
export interface OutboxEvent {
  sequence: number;
  eventId: string;
  kind: string;
  at: number;
  mode: Mode;
  cycleId: string | undefined;
  correlationId: string | undefined;
  payload: unknown;
}

export interface Outbox {
  after(sequence: number, limit: number): Promise<OutboxEvent[]>;
}
