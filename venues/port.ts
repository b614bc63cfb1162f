import type { Instrument, Mode, OrderBook, SymbolSnapshot } from '../domain/market/market.ts';
import type { FencedOrder } from '../domain/orders/fenced-order.ts';
import type { Fill, OrderLeg, OrderState } from '../domain/orders/orders.ts';
import type { Touch } from '../domain/orders/submissions.ts';
import type { ProvingCapabilities } from './capabilities.ts';

/** Whether orders on a symbol are taken. `halted`: not now, its trades can be asked for. `unlisted`: the exchange knows no such symbol. */
export type Listing = 'traded' | 'halted' | 'unlisted';

/** Trades that the exchange gives in one answer, at most. */
export const TRADES_PAGE = 1_000;

/** What the exchange says of one order. */
export interface VenueOrder {
  /** Undefined of one that it has put away: that it ended without a fill is then all that it says. */
  venueOrderId: string | undefined;
  intentId: string;
  symbol: string;
  state: OrderState;
  filledQuantity: string;
}

/** One match as the account's list of trades has it: only the venue's own order id tells whose it is. */
export interface VenueTrade extends Omit<Fill, 'account' | 'intentId'> {
  venueOrderId: string;
}

/**
 * The exchange's trading endpoints.
 *
 * `place` ends in one of three ways: it returns what the exchange accepted, it throws `VenueRejection` when the exchange definitely did not
 * take the order, or it throws anything else, which means unknown.
 */
export interface TradingPort {
  readonly venue: string;
  readonly capabilities: ProvingCapabilities;
  /** The exchange's clock by what was measured of it last, UTC epoch milliseconds. */
  exchangeTime(): Promise<number>;
  /** The same, asked anew: no later than the exchange's clock when it comes back. */
  serverTime(): Promise<number>;
  /** Whether the exchange's request weight leaves room for a look that can wait. Whatever else is asked waits for nothing. */
  hasRoom(): boolean;
  /** As of the last reading of what the exchange lists. */
  listing(symbol: string): Listing;
  /** Throws where it is unlisted. */
  instrument(symbol: string): Instrument;
  touch(symbol: string): Promise<Touch>;
  /** Sends what the fence let pass; the exchange refuses it after `sendBy`. */
  place(order: FencedOrder): Promise<{ order: VenueOrder; fills: Fill[] }>;
  /** Undefined when the exchange knows no such order. */
  findOrder(symbol: string, intentId: string): Promise<VenueOrder | undefined>;
  /** By the venue's own id. Undefined when the exchange knows no such order. */
  orderById(symbol: string, venueOrderId: string): Promise<VenueOrder | undefined>;
  fillsOf(leg: Pick<OrderLeg, 'account' | 'symbol'>, intentId: string, venueOrderId: string): Promise<Fill[]>;
  /** The account's trades from this trade id on, in their order; at most `TRADES_PAGE`. */
  tradesFrom(symbol: string, fromId: string): Promise<VenueTrade[]>;
  openOrders(symbol?: string): Promise<VenueOrder[]>;
  /** Resolves also when the order is gone already. */
  cancel(symbol: string, intentId: string): Promise<void>;
  /** Total of each asset, locked included. */
  balances(): Promise<Record<string, string>>;
}

/** A definite no of the exchange: the order does not exist there and never will. */
export class VenueRejection extends Error {
  override name = 'VenueRejection';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Public market data of one venue. Throws what a retry can mend as it is. */
export interface MarketDataPort {
  readonly venue: string;
  readonly mode: Mode;
  /** As of the last reading of what the exchange lists. */
  listing(symbol: string): Listing;
  symbolSnapshot(symbol: string, candles: number, bookLevels: number): Promise<SymbolSnapshot>;
  /** The exchange's clock, UTC epoch milliseconds. */
  exchangeTime(): Promise<number>;
}

/** What a decision needs of the exchange, and nothing that would take long. Throws what a retry can mend as it is. */
export interface PricePort {
  /** The exchange's clock, UTC epoch milliseconds. */
  exchangeTime(): Promise<number>;
  /** In the exchange's own words; without those that it does not list. */
  statuses(symbols: readonly string[]): Promise<ReadonlyMap<string, string>>;
  book(symbol: string, levels: number): Promise<OrderBook>;
}
