import type { DecimalText, Money, Price, Quantity } from '../money/money.ts';
import type { CycleId } from '../orders/ids.ts';
import type { OrderLeg } from '../orders/orders.ts';
import type { Refusal, RefusalCode } from '../orders/refusal.ts';

/** What the account holds of one asset. `free` may be spent, `reserved` is held for orders, `dust` is too little to be sold. */
export interface Balance {
  asset: string;
  free: DecimalText;
  reserved: DecimalText;
  dust: DecimalText;
}

export interface Position {
  symbol: string;
  /** What can be sold; dust stands apart. */
  quantity: Quantity;
  /** Average cost of what is held, fees included, in the quote currency. */
  averageCost: Price;
  realizedPnl: Money;
  /** Remainders too small to be sold. They join the position again with the next buy. */
  dust: Quantity;
  /** When it last grew from nothing, UTC epoch milliseconds; 0 while flat. Names one holding from its entry to its exit. */
  openedAt: number;
}

/** A position as it stands in the books. */
export interface BookedPosition extends Position {
  /** Of all its dust, in the quote currency. */
  dustCost: Money;
}

/** What the day of the daily loss limit has brought so far. Amounts are in the account's currency. */
export interface TradingDay {
  /** Equity that it began with; missing before the account's first mark. */
  opening: Money | undefined;
  /** Value of all fills, of either side and any purpose. */
  turnover: Money;
  /** As the trade records have them. */
  fees: Money;
}

/** The newest sale of a symbol. */
export interface LastSale {
  symbol: string;
  at: number;
}

/** A limit that bit: what was wanted, what was let through. */
export interface RiskVerdict extends Refusal {
  symbol: string;
  before: string;
  after: string;
}

/** One share of equity, and what bound it. Shares are fractions of equity; amounts are in the quote currency. */
export interface Allocation {
  portfolio: string;
  /** A symbol that is held on views, or one that a market maker quotes. */
  kind: 'symbol' | 'market_maker';
  symbol: string;
  /** Before any cap. */
  wanted: number;
  share: number;
  amount: Money;
  /** The caps that bit, in their order; empty where none did. */
  boundBy: RefusalCode[];
}

/** A step of the drawdown guard or the daily loss stop: what trading becomes, and the number that made it so. */
export interface Restriction extends Refusal {
  to: 'active' | 'reducing' | 'halted';
  /** From which the drawdown guard counts its first step from now on; absent, from the peak that it did. */
  guardPeak?: Money;
}

/** What one cycle means to do, with everything that bound it. */
export interface OrderPlan {
  cycleId: CycleId;
  /**
   * `independent`: each leg is worked at once and ends by itself. `linked`: one leg is right only with the others (a pair, a hedge, a buy that
   * another leg's sale pays), so they are worked one after the other, and a refused one undoes those before it. Plans of several legs without
   * it are of an earlier release, and linked.
   */
  kind?: 'independent' | 'linked';
  equity: Money;
  /** What frees capital comes first; the order in which linked ones are worked. */
  legs: OrderLeg[];
  verdicts: RiskVerdict[];
  allocations: Allocation[];
  /** Carried out in the transaction of the plan. */
  restriction?: Restriction;
  /** Symbols whose holding this cycle's view upholds; missing in plans of earlier releases. */
  upheld?: string[];
}

export type PlanEnd = 'done' | 'flat' | 'held';
