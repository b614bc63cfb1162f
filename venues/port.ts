import type { AccountIdentity } from '../contracts/binding.ts';
import type { FeeRates, Frame, Instrument, Mode, OrderBook, SymbolSnapshot } from '../domain/market/market.ts';
import type { PerpetualSeen } from '../domain/market/perpetual.ts';
import type { FrameWish } from '../domain/market/timeframes.ts';
import type { Price, Quantity } from '../domain/money/money.ts';
import type { FencedOrder } from '../domain/orders/fenced-order.ts';
import type { IntentId, VenueOrderId } from '../domain/orders/ids.ts';
import type { Fill, OrderLeg, OrderSide, OrderState } from '../domain/orders/orders.ts';
import type { Touch } from '../domain/orders/submissions.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import type { ProvingCapabilities } from './capabilities.ts';

/** Whether orders on a symbol are taken. `halted`: not now, its trades can be asked for. `unlisted`: the exchange knows no such symbol. */
export type Listing = 'traded' | 'halted' | 'unlisted';

/** What the exchange says of one order. */
export interface VenueOrder {
  /** Undefined of one that it has put away: that it ended without a fill is then all that it says. */
  venueOrderId: VenueOrderId | undefined;
  intentId: IntentId;
  symbol: string;
  state: OrderState;
  filledQuantity: Quantity;
  /** What it asked for; missing where the venue does not say. */
  terms?: { side: OrderSide; quantity: Quantity; limitPrice: Price };
}

/** One match as the account's list of trades has it: only the venue's own order id tells whose it is. */
export interface VenueTrade extends Omit<Fill, 'account' | 'intentId'> {
  venueOrderId: VenueOrderId;
}

export interface TradePage {
  /** In their order. */
  trades: VenueTrade[];
  /**
   * Where the next page begins, in words that the venue's adapter alone reads; as it was asked for where there was nothing new. A trade may come
   * again in the page after its own, and none is ever left out.
   */
  next: string;
  /** There may be another page already. */
  isFull: boolean;
}

/**
 * The exchange's trading endpoints.
 *
 * `place` ends in one of three ways: it returns what the exchange accepted, it throws `VenueRejection` when the exchange definitely did not
 * take the order, or it throws anything else, of the exchange a `VenueDoubt`, which means unknown.
 */
export interface TradingPort extends ListingPort {
  readonly venue: string;
  readonly capabilities: ProvingCapabilities;
  /** The exchange's clock by what was measured of it last, UTC epoch milliseconds. */
  exchangeTime(): Promise<number>;
  /** The same, asked anew: no later than the exchange's clock when it comes back. */
  serverTime(): Promise<number>;
  /** Whether the exchange's request weight leaves room for a look that can wait. Whatever else is asked waits for nothing. */
  hasRoom(): boolean;
  /** Throws where it is unlisted. */
  instrument(symbol: string): Instrument;
  touch(symbol: string): Promise<Touch>;
  /** Sends what the fence let pass; the exchange refuses it after `sendBy`. */
  place(order: FencedOrder): Promise<{ order: VenueOrder; fills: Fill[] }>;
  /** Undefined when the exchange knows no such order. */
  findOrder(symbol: string, intentId: IntentId): Promise<VenueOrder | undefined>;
  /** By the venue's own id. Undefined when the exchange knows no such order. */
  orderById(symbol: string, venueOrderId: VenueOrderId): Promise<VenueOrder | undefined>;
  fillsOf(leg: Pick<OrderLeg, 'account' | 'symbol'>, intentId: IntentId, venueOrderId: VenueOrderId): Promise<Fill[]>;
  /** The account's trades on a symbol from where an earlier page ended; from their beginning without a cursor. */
  tradesFrom(symbol: string, cursor: string | undefined): Promise<TradePage>;
  openOrders(symbol?: string): Promise<VenueOrder[]>;
  /** Resolves also when the order is gone already. */
  cancel(symbol: string, intentId: IntentId): Promise<void>;
  /** Total of each asset, locked included. */
  balances(): Promise<Record<string, string>>;
  /** What the account pays now on each of these symbols, promotions and discounts counted; without those that are not listed. */
  feeRates(symbols: readonly string[]): Promise<ReadonlyMap<string, FeeRates>>;
  /**
   * Which account the keys belong to, asked anew.
   *
   * @throws {UserError} `AccountUnidentified` where the venue does not say
   */
  accountIdentity(): Promise<AccountIdentity>;
}

class VenueFault extends Error {
  /** The venue's own, or the kind of fault where it gave none. */
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A definite no of the exchange: the order does not exist there and never will. */
export class VenueRejection extends VenueFault {
  override name = 'VenueRejection';
}

/** The exchange may have taken the order. */
export class VenueDoubt extends VenueFault {
  override name = 'VenueDoubt';
}

/** Which symbols an exchange lists, as of the last reading. */
export interface ListingPort {
  listing(symbol: string): Listing;
}

/** Public market data of one venue. Throws what a retry can mend as it is. */
export interface MarketDataPort extends ListingPort {
  readonly venue: string;
  readonly mode: Mode;
  /** @param candles on which it is decided: those that have ended */
  symbolSnapshot(symbol: string, candles: FrameWish, bookLevels: number): Promise<SymbolSnapshot>;
  /** What is shown beside them, without what the venue does not list up to now. */
  frames(symbol: string, wishes: readonly FrameWish[]): Promise<Frame[]>;
  /** The exchange's clock, UTC epoch milliseconds. */
  exchangeTime(): Promise<number>;
}

/** What perpetual markets said when they were read last, by a clock of its own: nobody ever waits for them. */
export interface PerpetualsPort {
  /** @param at the exchange's clock, by which old readings are none */
  beside(symbol: string, at: number): PerpetualSeen;
  close(): void;
}

/** What a decision needs of the exchange, and nothing that would take long. Throws what a retry can mend as it is. */
export interface PricePort {
  /** The exchange's clock, UTC epoch milliseconds. */
  exchangeTime(): Promise<number>;
  /** In the exchange's own words; without those that it does not list. */
  statuses(symbols: readonly string[]): Promise<ReadonlyMap<string, string>>;
  book(symbol: string, levels: number): Promise<OrderBook>;
}

/** Why an order was not placed, or may have been: a code first. */
export function faultWords(error: unknown): string {
  if (error instanceof VenueFault) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Tells of the account's events, as a waker and nothing more: what it says is not believed, and its silence stops nothing. */
export interface StreamPort {
  close(): void;
}

export interface StreamOptions {
  /**
   * The account had a trade or an order changed: the one with this client order id or, after a line was opened, any. It may be told twice, in any
   * order, or not at all.
   */
  onEvent(intentId?: IntentId): void;
  logger: Logger;
}

/** One exchange by one connection, which its ports share: the measured clock, the budget of requests, the list of markets. */
export interface Venue {
  listings(): Promise<ListingPort>;
  /** The exchange's clock, UTC epoch milliseconds: asked anew, without keys or a list of markets. */
  serverTime(): Promise<number>;
  /** Whose prices and orders these are, as in `AccountIdentity.market`: without keys, asked anew. */
  marketName(): Promise<string>;
  trading(): Promise<TradingPort>;
  /** @param speed market seconds per second. */
  market(mode: Mode, speed: number): Promise<MarketDataPort>;
  prices(): Promise<PricePort>;
  /** The best prices for those who watch many symbols, by fewer requests than `TradingPort.touch`. */
  watchedTouches(): Promise<(symbol: string) => Promise<Touch>>;
  /** Close of the minute of a moment, which must have ended; undefined where the venue has no candle of it or does not list the symbol. */
  closingPrice(symbol: string, at: number): Promise<Price | undefined>;
  /** What the keys may do, in the venue's own words. */
  keyPermissions(): Promise<unknown>;
  /** Whether an error is the venue's own no, and not its silence. */
  isRefusal(error: unknown): boolean;
  /** Of the account that the keys belong to. */
  stream(options: StreamOptions): StreamPort;
}
