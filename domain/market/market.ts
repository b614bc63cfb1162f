import type { DecimalText } from '../money/money.ts';

export type Mode = 'paper' | 'live';

export interface Instrument {
  symbol: string;
  base: string;
  quote: string;
  tickSize: DecimalText;
  stepSize: DecimalText;
  minQuantity: DecimalText;
  /** The most of one order; missing where the exchange states none. */
  maxQuantity?: DecimalText | undefined;
  /** The same of an order without a price. */
  maxMarketQuantity?: DecimalText | undefined;
  minNotional: DecimalText;
  /** The most that one order with a price may be worth; missing where the exchange states none. */
  maxNotional?: DecimalText | undefined;
  /** Fractions of the received asset. */
  makerFeeRate: DecimalText;
  takerFeeRate: DecimalText;
}

/** One minute. */
export interface Candle {
  openAt: number;
  open: DecimalText;
  high: DecimalText;
  low: DecimalText;
  close: DecimalText;
  volume: DecimalText;
}

/** `[price, quantity]`, best level first. */
export type BookLevel = readonly [price: DecimalText, quantity: DecimalText];

export interface OrderBook {
  bids: BookLevel[];
  asks: BookLevel[];
}

export interface SymbolSnapshot {
  instrument: Instrument;
  candles: Candle[];
  book: OrderBook;
}

/** A symbol that is traded and could not be read, with the reason in words. */
export interface LeftOut {
  symbol: string;
  reason: string;
}

/** What every agent of one cycle sees. It says nothing of the account. */
export interface MarketSnapshot {
  /** The first 16 digits of the SHA-256 over everything else. */
  snapshotId: string;
  venue: string;
  mode: Mode;
  /** The exchange's clock when the books were read. */
  takenAt: number;
  symbols: SymbolSnapshot[];
  /** Asked for, and not traded by the exchange any more, or for now. */
  setAside?: string[];
  /** Asked for, and not to be read in time: the cycle goes on without it, and is degraded. */
  leftOut?: LeftOut[];
}
