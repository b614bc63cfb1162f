import type { Candle, OrderBook } from '../domain/market.ts';

/** `candle.closed`: a minute that is over, as a cycle saw it. */
export interface CandleClosed {
  venue: string;
  symbol: string;
  candle: Candle;
}

/** `book.seen`: the book of one symbol that a cycle decided on. */
export interface BookSeen {
  snapshotId: string;
  venue: string;
  symbol: string;
  takenAt: number;
  book: OrderBook;
}
