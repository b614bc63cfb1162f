import type { Via } from '../../contracts/audit.ts';
import type { RiskSettings } from '../../contracts/config/schema.ts';
import type { Consensus } from '../../contracts/consensus.ts';
import type { CycleRecord, PlanResult } from '../../contracts/cycle.ts';
import type { PolicySettings } from '../../contracts/participation.ts';
import type { Mode } from '../../domain/market/market.ts';
import type { DecimalText, Money, Price, Quantity } from '../../domain/money/money.ts';
import type { FencedOrder, Sending } from '../../domain/orders/fenced-order.ts';
import type { CycleId, IntentId, LegId, VenueOrderId } from '../../domain/orders/ids.ts';
import type { Fill, OrderLeg, OrderState } from '../../domain/orders/orders.ts';
import type { Refusal } from '../../domain/orders/refusal.ts';
import type { SubmissionTerms } from '../../domain/orders/submissions.ts';
import type { Balance, LastSale, OrderPlan, Position, TradingDay } from '../../domain/portfolio/portfolio.ts';
import type { SellingRules } from '../../domain/protection/exits.ts';
import type { GuestBook, ModelBook, ModelCallBook, ParticipationBook, ScoreBook, SettingsBook } from './agents-port.ts';
import type { IncidentBook } from './health-port.ts';

/**
 * The books. Each method is one transaction, durable when its promise resolves; amounts are decimal text; times are UTC epoch milliseconds.
 * Methods that change something are idempotent under the key that their input carries.
 */
export interface Journal {
  /** Made with the journal, so that two processes can tell whether they keep the same books. */
  readonly id: string;
  readonly control: ControlBook;
  /** The limits in force. */
  readonly risk: SettingsBook<RiskSettings>;
  readonly intents: IntentBook;
  readonly ledger: LedgerBook;
  readonly cycles: CycleBook;
  readonly exchange: ExchangeBook;
  readonly participation: ParticipationBook;
  /** How a consensus is formed. */
  readonly policy: SettingsBook<PolicySettings>;
  readonly guests: GuestBook;
  readonly scores: ScoreBook;
  readonly modelCalls: ModelCallBook;
  readonly models: ModelBook;
  readonly incidents: IncidentBook;
  readonly outbox: Outbox;
  readonly audit: AuditBook;
  /** Deletes raw answers of language models, and guests' signals, that are older. Returns how many. */
  deleteAnswers(before: number): Promise<number>;
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
  /** The account may send orders to a venue with real money. Off until a person switches it on. */
  liveEnabled: boolean;
}

/** Texts are cut to what each place takes: a stop never fails on its words. */
export interface HaltRequest {
  requestId: string;
  account: string;
  reason: string;
  by: string;
  via?: Via | undefined;
  /** What is halted already stays the halt that it is. */
  unlessHalted?: boolean;
  /** Everything that is held is to be sold as well: an entry of its own says who ordered it. */
  flatten?: boolean;
}

/** From and until: UTC epoch milliseconds. */
export interface StartsAllowed {
  from: number;
  until: number;
  reason: string;
  by: string;
  via?: Via | undefined;
}

export interface ControlBook {
  read(account: string): Promise<ControlState>;
  /** Idempotent by request id: the second call returns the state as it is by then. */
  raiseHalt(request: HaltRequest): Promise<ControlState>;
  /**
   * Stops that were sent, one after the other in one transaction, each under an epoch of its own. A request id that is known is no new stop while
   * trading is halted, and one while it is active: whoever used it first, nothing that was sent is without effect.
   */
  raiseHalts(account: string, stops: readonly Omit<HaltRequest, 'account'>[]): Promise<ControlState>;
  /**
   * Halts books that were just restored, under an epoch that nothing of the lost time can have been planned under: what Temporal still has in
   * flight from then passes no fence.
   */
  raiseRestored(request: HaltRequest): Promise<ControlState>;
  /**
   * Compares and sets: refused (undefined) where the halt is not the one of the expected epoch, or not one that `onlyOver` raised. Where a person
   * ends a halt by a risk limit the day's and the peak's equity start anew from the last mark, and the event says so.
   */
  resume(request: {
    account: string;
    expectedEpoch: number;
    reason: string;
    by: string;
    via?: Via | undefined;
    onlyOver?: string;
  }): Promise<ControlState | undefined>;
  /** Everything that is held is sold now. Where no stop has ordered it since trading was last active, an entry says who started it. */
  noteSelling(selling: { account: string; epoch: number; via: Via }): Promise<void>;
  /** Cycles may be started by hand within this time, where foreign starts are refused. */
  allowStarts(request: StartsAllowed & { requestId: string; account: string }): Promise<void>;
  startsAllowedAt(account: string, at: number): Promise<boolean>;
  setLive(request: {
    requestId: string;
    account: string;
    enabled: boolean;
    reason: string;
    by: string;
    via?: Via | undefined;
  }): Promise<void>;
}

/** One submission of a leg. Type, time in force, quantity, price and rest are the submission's own. */
export interface Intent extends OrderLeg {
  intentId: IntentId;
  submission: number;
  state: OrderState;
  /** The exchange refuses the request after this time. */
  sendBy: number;
  venueOrderId: VenueOrderId | undefined;
  filledQuantity: Quantity;
  detail: string;
  createdAt: number;
  updatedAt: number;
}

export type FenceResult =
  | { passed: true; intent: Intent; order: FencedOrder }
  | ({ passed: false; intent: Intent } & Refusal);

/** What is newly known of an order at the exchange, with all fills that came with it. */
export interface OrderReport {
  intentId: IntentId;
  state: OrderState;
  venueOrderId?: VenueOrderId | undefined;
  filledQuantity?: Quantity;
  detail?: string;
  /** Exchange time from which on its absence has to be proved anew. */
  sendBy?: number;
  fills: Fill[];
}

/** A reducing leg that is wanted outside of a plan: a protective exit, a flattening, a compensation. */
export interface ExitRequest {
  legId: LegId;
  account: string;
  symbol: string;
}

/** What may be sold: the position less what other legs have reserved. */
export interface ExitView {
  position: Position;
  free: Quantity;
  control: ControlState;
  openOrders: Pick<Intent, 'symbol' | 'side' | 'quantity' | 'state'>[];
  /** Legs that have some of its base reserved, the oldest first. */
  sellers: OrderLeg[];
}

export interface IntentBook {
  /**
   * The fence: in one transaction checks trading state, epoch and the limits in force, and inserts the intent as `submitted`. An intent that
   * exists already is never let through a second time. While a submission on the symbol is unresolved only reducing ones pass.
   * @param sending what the order is sent with: what was sold and sent before is held against its time.
   */
  openFence(leg: OrderLeg, terms: SubmissionTerms, sending: Sending): Promise<FenceResult>;
  /**
   * Books fills as a set union and moves the state if the move is legal. A submission that ended, of a leg which sends no other by
   * `nextSubmission`, releases what is left of the reservation.
   */
  report(report: OrderReport): Promise<Intent>;
  /** Puts a tombstone where no row exists, so that a stalled attempt that wakes late cannot pass. Returns what stands there then. */
  voidIfMissing(leg: OrderLeg, submission: number): Promise<Intent>;
  find(intentId: IntentId): Promise<Intent | undefined>;
  findByVenueOrder(account: string, symbol: string, venueOrderId: VenueOrderId): Promise<Intent | undefined>;
  /** In the order of their submission. */
  ofLeg(legId: LegId): Promise<Intent[]>;
  /** All that may be open at the exchange, as far as is known. */
  listOpen(account: string): Promise<Intent[]>;
  list(account: string, limit: number): Promise<Intent[]>;
  /**
   * Decides on a reducing leg under the journal's lock and reserves what it sells. Idempotent by leg id: the second call returns the first
   * leg. Undefined when `decide` wants none.
   */
  planExit(request: ExitRequest, decide: (view: ExitView) => OrderLeg | undefined): Promise<OrderLeg | undefined>;
}

export interface Transfer {
  reference: string;
  account: string;
  asset: string;
  /** Positive for a deposit, negative for a withdrawal. */
  amount: DecimalText;
  /** The same in the account's currency: moves the day's and the peak's equity, so that it is neither gain nor loss. */
  value: DecimalText;
  /** Whose position it joins or leaves; missing for the account's currency itself. */
  symbol?: string;
  at: number;
  /** Who says that they moved it; software without. */
  by?: string;
  via?: Via;
}

/** What became of a position that was booked out. Quantities are in the base asset, its earlier dust included; amounts in the quote. */
export interface BookedOut {
  quantity: Quantity;
  /** As dust, since the exchange still has it. */
  kept: Quantity;
  left: Quantity;
  cost: Money;
  realizedPnl: Money;
}

export interface LedgerBook {
  /** Idempotent by reference. Opens the account at its first deposit. Refused when more is withdrawn than is free. */
  transfer(entry: Transfer): Promise<void>;
  balances(account: string): Promise<Balance[]>;
  positions(account: string): Promise<Position[]>;
  /** Deposits less withdrawals, by asset. */
  deposits(account: string): Promise<Record<string, DecimalText>>;
  fillsOfCycle(cycleId: CycleId): Promise<Fill[]>;
  fillsOfLeg(legId: LegId): Promise<Fill[]>;
  equityMarks(account: string): Promise<EquityMarks | undefined>;
  /** The day that has begun by `now`, as the limits in force count days. */
  tradingDay(account: string, now: number): Promise<TradingDay>;
  /**
   * Ends each leg on a symbol whose first submission, or next one, has not been sent: a tombstone takes its place, and its capital is released.
   * Returns the tombstones.
   */
  endWaiting(account: string, symbol: string): Promise<string[]>;
  /**
   * Ends a position that no order can end, and holds the books of its asset against what the exchange has of it. Idempotent by reference: the
   * second call returns undefined. Refused where something of it is reserved, or more is at the exchange than was booked.
   */
  bookOut(entry: {
    reference: string;
    account: string;
    symbol: string;
    /** Total of the asset at the exchange. */
    held: Quantity;
    /** What it is worth, or brought, in the quote currency. */
    value: Money;
    reason: string;
    at: number;
    by: string;
    via: Via;
  }): Promise<BookedOut | undefined>;
  /** Moves what is free of a position, and too small to be sold, to the dust book, at its cost. Idempotent by reference. */
  sweepDust(entry: {
    reference: string;
    account: string;
    symbol: string;
    rules: SellingRules;
    /** What is bid. */
    price: Price;
  }): Promise<DecimalText>;
}

export interface EquityMarks {
  equity: Money;
  /** Equity at the day's reset hour, or at the first mark after it, moved by deposits and withdrawals since. */
  dayOpen: Money;
  /** Highest equity so far, moved likewise. */
  highWater: Money;
  /** Of the prices, by the exchange's clock. */
  at: number;
}

/** A sale that closed a position or a part of it. */
export interface ClosedTrade {
  symbol: string;
  realizedPnl: Money;
  closedAt: number;
}

export interface CycleBook {
  /**
   * Decides on the plan under the journal's lock: `decide` sees the books as they are in this transaction; its legs' capital is reserved in it
   * and its restriction takes effect in it. Idempotent by cycle id: the second call returns the first plan.
   * @param now by the exchange's clock, which dates the trades of the day and the last sales.
   */
  plan(cycleId: CycleId, account: string, now: number, decide: (view: PlanningView) => OrderPlan): Promise<OrderPlan>;
  /** Releases what a leg still holds, when its order workflow could not be started. */
  releaseLeg(legId: LegId): Promise<void>;
  /** Writes how a plan ended; idempotent by cycle id. */
  settlePlan(result: PlanResult): Promise<void>;
  /** Plans of linked legs whose end was not written, and that were made before `before`. */
  unsettledPlans(account: string, before: number): Promise<OrderPlan[]>;
  /** Writes the decision record and marks equity where it is known; idempotent by cycle id. */
  record(record: CycleRecord): Promise<void>;
  find(cycleId: CycleId): Promise<CycleRecord | undefined>;
  list(account: string, limit: number): Promise<CycleRecord[]>;
  saveConsensus(consensus: Consensus): Promise<Consensus>;
  findConsensus(cycleId: CycleId): Promise<Consensus | undefined>;
}

export interface PlanningView {
  control: ControlState;
  limits: RiskSettings;
  balances: Balance[];
  positions: Position[];
  /** Submissions that may be open, and legs (`initialized`) that wait for their first submission or the next one. */
  openOrders: Pick<Intent, 'symbol' | 'side' | 'quantity' | 'filledQuantity' | 'limitPrice' | 'state'>[];
  marks: EquityMarks | undefined;
  /** The last sales, newest first, at most twenty: the loss streak is counted from them. */
  closedTrades: ClosedTrade[];
  /** Of each symbol that was sold within the pause before it may be entered again. */
  lastSales: LastSale[];
  day: TradingDay;
}

export interface ReconciliationReport {
  account: string;
  at: number;
  differences: string[];
}

/** A fill with the venue's own id of its order, which an intent whose answer was lost does not have yet. */
export interface BookedTrade extends Fill {
  venueOrderId: VenueOrderId;
}

/** What is known of the exchange's side: how far its trades were read, who reads them, how often the same difference was seen. */
export interface ExchangeBook {
  /** True while `holder` is the one that reads the account's trades. Another takes over once the lease has run out. */
  acquireLease(account: string, holder: string, ttlMs: number): Promise<boolean>;
  /** Where the account's trades on a symbol are read on, in words that the venue's adapter alone reads; undefined before the first reading. */
  cursor(account: string, symbol: string): Promise<string | undefined>;
  /**
   * Books the fills of known intents as a set union and moves the cursor from where this reading began to where the next one does, if it still
   * stands there. Refused (false) without the lease.
   */
  bookTrades(batch: {
    account: string;
    symbol: string;
    holder: string;
    fills: BookedTrade[];
    from: string | undefined;
    next: string;
  }): Promise<boolean>;
  /** Counts how many looks in a row found exactly these differences, this one included; 0 when there are none. */
  recordReconciliation(report: ReconciliationReport): Promise<{ stable: number }>;
  lastReconciliation(account: string): Promise<(ReconciliationReport & { stable: number }) | undefined>;
}

/** A fact in past tense. */
export interface NewEvent {
  /** The same fact told twice is written once. */
  eventId: string;
  kind: string;
  cycleId?: CycleId | undefined;
  correlationId?: string | undefined;
  payload: unknown;
}

/** As it stands in the outbox: written in the transaction that made it true. */
export interface OutboxEvent {
  sequence: number;
  eventId: string;
  kind: string;
  at: number;
  mode: Mode;
  cycleId: CycleId | undefined;
  correlationId: string | undefined;
  payload: unknown;
}

/** As it is kept, its payload as text: who carries events does not read them. */
export interface StoredEvent extends Omit<OutboxEvent, 'payload'> {
  payload: string;
}

export interface Outbox {
  /** Facts that change no book, many at a time. */
  append(events: readonly NewEvent[]): Promise<void>;
  after(sequence: number, limit: number): Promise<OutboxEvent[]>;
  stored(sequence: number, limit: number): Promise<StoredEvent[]>;
  /** Deletes what was told before `before` and is exported, which is all up to `exported`. Returns how many that were. */
  trim(exported: number, before: number): Promise<number>;
  /** Last sequence that was deleted; 0 where none was. An export that stands before it has lost events. */
  trimmedThrough(): Promise<number>;
  /** Of the newest event ever told, deleted or not; 0 before the first. */
  lastSequence(): Promise<number>;
}

/** One entry of the audit trail: who changed what and why. Its hash covers the entry and, by `previous`, all before it. */
export interface AuditEntry {
  /** From 1, without a gap. */
  place: number;
  eventId: string;
  kind: string;
  at: number;
  mode: Mode;
  by: string;
  reason: string;
  /** By what it came in; a part of the payload. */
  via: string;
  /** As text, exactly as it was hashed. */
  payload: string;
  previous: string;
  hash: string;
}

export interface AuditBook {
  after(place: number, limit: number): Promise<AuditEntry[]>;
  /** Of the newest entry; 0 before the first. */
  lastPlace(): Promise<number>;
  /**
   * Reads the whole trail, and holds against it what it tells of: control, limits, policy, participation. `entries` are those before the first
   * fault; `head` is the hash of the last of them; `differences` are in words, e.g. `liveEnabled of trading of main is true, and ...`.
   */
  verify(): Promise<{ entries: number; head: string; fault: string | undefined; differences: string[] }>;
}

/** Payload of `fill.booked`. */
export interface BookedFill extends Fill {
  legId?: LegId;
  /** Of a sale, against average cost with fees; 0 of a buy. */
  realizedPnl?: DecimalText;
}

/** Payload of `equity.marked`: the account after a cycle that could be priced. */
export interface EquityMarked extends EquityMarks {
  account: string;
  currency: string;
  balances: Balance[];
  positions: Position[];
  /** Mids of the cycle's snapshot, by symbol. */
  prices: Record<string, DecimalText>;
}
