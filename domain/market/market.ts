import type { DecimalText, Money, Price, Quantity } from '../money/money.ts';
import type { PerpetualSeen } from './perpetual.ts';
import type { Timeframe } from './timeframes.ts';

export type Mode = 'paper' | 'live';

export interface Instrument {
  symbol: string;
  base: string;
  quote: string;
  tickSize: Price;
  stepSize: Quantity;
  minQuantity: Quantity;
  /** The most of one order; missing where the exchange states none. */
  maxQuantity?: Quantity | undefined;
  /** The same of an order without a price. */
  maxMarketQuantity?: Quantity | undefined;
  minNotional: Money;
  /** The most that one order with a price may be worth; missing where the exchange states none. */
  maxNotional?: Money | undefined;
  /** Fractions of the received asset. */
  makerFeeRate: DecimalText;
  takerFeeRate: DecimalText;
}

export type FeeRates = Pick<Instrument, 'makerFeeRate' | 'takerFeeRate'>;

/** A minute, or what else its place says. */
export interface Candle {
  openAt: number;
  open: Price;
  high: Price;
  low: Price;
  close: Price;
  volume: Quantity;
}

/** `[price, quantity]`, best level first. */
export type BookLevel = readonly [price: Price, quantity: Quantity];

export interface OrderBook {
  bids: BookLevel[];
  asks: BookLevel[];
}

/** The same in short. */
export type FrameCandle = readonly [
  openAt: number,
  open: Price,
  high: Price,
  low: Price,
  close: Price,
  volume: Quantity,
];

/** Candles of one length, oldest first; the newest is the last one that had ended. */
export interface Frame {
  timeframe: Timeframe;
  candles: FrameCandle[];
}

/** Closes alone of one length, oldest first and without a gap up to the newest: a past that is long for a model, and short as text. */
export interface Past {
  timeframe: Timeframe;
  /** When the first of them opened. */
  openAt: number;
  closes: Price[];
}

export interface SymbolSnapshot {
  instrument: Instrument;
  /** Length of the candles on which the cycle decides; missing where it is a minute. `timeframeOf` reads it. */
  timeframe?: Timeframe;
  candles: Candle[];
  /** Beside them, for whoever looks further back or closer; missing where there are none. `candlesOf` reads them. */
  frames?: Frame[];
  /** Further back than anything else; missing where nobody who is asked needs it. */
  past?: Past;
  book: OrderBook;
  /** Missing where no perpetual markets are read. */
  perpetual?: PerpetualSeen;
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
