import type { MarketSnapshot, SymbolSnapshot } from '../market/market.ts';
import type { Prices } from '../market/prices.ts';
import type { Decimal, DecimalText, Money, Price, Quantity } from '../money/money.ts';
import type { CycleId, LegId } from '../orders/ids.ts';
import type { OrderPurpose, OrderSide, OrderState, TimeInForce } from '../orders/orders.ts';
import type { AllocationSettings } from './allocation.ts';
import type { Balance, BookedPosition, LastSale, RiskVerdict, TradingDay } from './portfolio.ts';

/** The part of a consensus that sizing needs. Returns are fractions over the horizon. */
export interface View {
  symbol: string;
  direction: 'up' | 'flat' | 'down' | 'none';
  expectedReturn: number;
  uncertainty: number;
  /** Standard deviation of the expected return as an estimate; absent where it is taken as it was said. */
  error?: number | undefined;
  conviction: number;
  /** Of those who were to be heard: absent, it was met. */
  quorum?: { met: boolean; count: number; countNeeded: number; weight: number; weightNeeded: number };
}

export interface RiskLimits {
  maxSymbolExposure: number;
  maxGrossExposure: number;
  maxOrderNotional: Money;
  minOrderNotional: Money;
  maxOrdersPerMinute: number;
  minTradeShare: number;
  priceCollarBps: number;
  costBuffer: number;
  /** Of what the agents saw, and of what is paid and counted. */
  maxSnapshotAgeMs: number;
  maxPriceAgeMs: number;
  maxDailyLoss: number;
  /** Falls from the peak at which only reducing orders pass, and at which trading halts. */
  reduceDrawdown: number;
  maxDrawdown: number;
  maxLossStreak: number;
  coolDownMinutes: number;
  /** So long a signal alone sells nothing of a position, and nothing opens in a symbol after its last sale. */
  minHoldingMs: number;
  reentryPauseMs: number;
  /** What a day may trade and pay in fees before nothing opens any more, as multiples of the equity that it began with. */
  maxDailyTurnover: number;
  maxDailyFees: number;
}

/** How orders are worked. */
export interface ExecutionTerms {
  /** `limit`: at the collar. `chase`: rests at the best price, is priced again, and takes in its last submission. */
  style: 'limit' | 'market' | 'chase' | 'post_only';
  /** Of `limit`. */
  timeInForce: TimeInForce;
  restMs: number;
  /** Of a chase. */
  submissions: number;
  /** An order of more than this is worked in slices of equal time (TWAP), whatever its style but a chase. */
  sliceAboveNotional: Money;
  slices: number;
  sliceMs: number;
}

export interface PlanRequest {
  cycleId: CycleId;
  correlationId: string;
  account: string;
  currency: string;
  epoch: number;
  views: readonly View[];
  /** Symbols that are traded by configuration. */
  configured: readonly string[];
  /** How far the views look. */
  horizonMs: number;
  /** What the agents saw, with the books of the prices. */
  snapshot: MarketSnapshot;
  prices: Prices;
  limits: RiskLimits;
  allocation: AllocationSettings;
  execution: ExecutionTerms;
  now: number;
  legIdOf(symbol: string, leg: number, purpose: OrderPurpose): LegId;
}

export interface Books {
  tradingState: 'active' | 'reducing' | 'halted';
  /** When the trading state became that, UTC epoch milliseconds. */
  stateSince: number;
  epoch: number;
  balances: readonly Balance[];
  positions: readonly BookedPosition[];
  /** What was sent and may be open, and what another cycle has planned. */
  openOrders: readonly {
    symbol: string;
    state: OrderState;
    side: OrderSide;
    quantity: Quantity;
    filledQuantity: Quantity;
    limitPrice: Price;
    /** Where the account pays more than what is reserved for any fee. */
    takerFeeRate?: DecimalText | undefined;
  }[];
  /** Sent within the last minute, whatever came of them. */
  sentOfMinute: number;
  /** `guardPeak`: the peak since the first step of the drawdown guard last came to rest; absent where that is the high-water mark. */
  marks: { dayOpen: Money; highWater: Money; guardPeak?: Money } | undefined;
  /** The last sales, newest first. */
  closedTrades: readonly { realizedPnl: Money; closedAt: number }[];
  /** Of each symbol, at least those within the pause before it may be entered again. */
  lastSales: readonly LastSale[];
  day: TradingDay;
  /** Symbols in which a person wants nothing opened for a while; UTC epoch milliseconds. */
  leftOut?: readonly { symbol: string; until: number }[];
  /** When a cycle last upheld the view that a symbol is held on; of a symbol that is not named no cycle has yet. By the exchange's clock. */
  upheld: readonly { symbol: string; at: number }[];
}

/** What a cycle would trade of one symbol: limits make it smaller, and what is left becomes a leg. */
export interface TradeDraft {
  symbol: string;
  market: SymbolSnapshot;
  view: View;
  mid: Decimal;
  held: Decimal;
  /** What of it is reserved for no order. */
  sellable: Decimal;
  /** To buy, in the quote currency. */
  notional: Decimal;
  /** To sell, in the base asset. */
  sellQuantity: Decimal;
  /** What the trade is expected to gain, as a fraction of its value, which has to pay for it; absent of what is sold whatever that costs. */
  edge?: number;
  /** What of the sale limits ask for, whatever it costs, in the base asset, and which they are; absent where none does. */
  bound?: { sellQuantity: Decimal; verdicts: RiskVerdict[] };
}
