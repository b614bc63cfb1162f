import type { RiskSettings } from '../../../contracts/config/schema.ts';
import type { Consensus } from '../../../contracts/consensus.ts';
import type { CycleRecord, PlanResult } from '../../../contracts/cycle.ts';
import type { Money } from '../../../domain/money/money.ts';
import type { CycleId, LegId } from '../../../domain/orders/ids.ts';
import type { Balance, BookedPosition, LastSale, OrderPlan, TradingDay } from '../../../domain/portfolio/portfolio.ts';
import type { LeftOut } from './by-hand.ts';
import type { ControlState } from './control.ts';
import type { Intent } from './intents.ts';
import type { EquityMarked, EquityMarks } from './ledger.ts';

/** A sale that closed a position or a part of it. */
export interface ClosedTrade {
  symbol: string;
  realizedPnl: Money;
  closedAt: number;
}

/** The prices of a mark. */
export interface MarkBasis {
  account: string;
  currency: string;
  /** The exchange's time of the prices. */
  takenAt: number;
  /** By symbol. */
  mids: EquityMarked['prices'];
}

export interface CycleBook {
  /**
   * Decides on the plan under the journal's lock: `decide` sees the books as they are in this transaction; its legs' capital is reserved in it
   * and its restriction takes effect in it, and the views that it upholds are dated `now`. Idempotent by cycle id: the second call returns the first plan.
   * @param now by the exchange's clock, which dates the trades of the day and the last sales.
   */
  plan(cycleId: CycleId, account: string, now: number, decide: (view: PlanningView) => OrderPlan): Promise<OrderPlan>;
  /** Releases what a leg still holds, when its order workflow could not be started. */
  releaseLeg(legId: LegId): Promise<void>;
  /** Writes how a plan ended; idempotent by cycle id. */
  settlePlan(result: PlanResult): Promise<void>;
  /** Plans of linked legs whose end was not written, and that were made before `before`. */
  unsettledPlans(account: string, before: number): Promise<OrderPlan[]>;
  /**
   * Writes the decision record and marks equity where it is known; idempotent by cycle id.
   * @param equityOf of the books as they are in this transaction, for the record and its mark: a deposit is in the books of both or of neither.
   */
  record(
    record: CycleRecord,
    equityOf?: (books: Pick<PlanningView, 'balances' | 'positions'>) => Money | undefined,
  ): Promise<void>;
  /**
   * Marks equity beside all cycles, as the record of one does.
   * @returns false where it is not known, or a mark of later prices stands
   */
  mark(
    at: MarkBasis,
    equityOf: (books: Pick<PlanningView, 'balances' | 'positions'>) => Money | undefined,
  ): Promise<boolean>;
  /** Undefined also for a cycle whose record has moved to the warehouse: `archive.moved` knows of it. */
  find(cycleId: CycleId): Promise<CycleRecord | undefined>;
  /** Newest first, of those whose record is here: the newest KEPT_CYCLES always are. `since` is the first moment, `until` the first after the last. */
  list(account: string, limit: number, within?: { since?: number; until?: number }): Promise<CycleRecord[]>;
  saveConsensus(consensus: Consensus): Promise<Consensus>;
  findConsensus(cycleId: CycleId): Promise<Consensus | undefined>;
}

export interface PlanningView {
  control: ControlState;
  limits: RiskSettings;
  balances: Balance[];
  positions: BookedPosition[];
  /** Submissions that may be open, and legs (`initialized`) that wait for their first submission or the next one. */
  openOrders: Pick<
    Intent,
    'symbol' | 'side' | 'quantity' | 'filledQuantity' | 'limitPrice' | 'state' | 'takerFeeRate'
  >[];
  marks: EquityMarks | undefined;
  /** The last sales, newest first, at most twenty: the loss streak is counted from them. */
  closedTrades: ClosedTrade[];
  /** Of each symbol that was sold within the pause before it may be entered again. */
  lastSales: LastSale[];
  /** Orders sent within the minute before. */
  sentOfMinute: number;
  day: TradingDay;
  leftOut: LeftOut[];
  /** When a cycle last upheld the view that a symbol is held on; by the exchange's clock. */
  upheld: { symbol: string; at: number }[];
}
