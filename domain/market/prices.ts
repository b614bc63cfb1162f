import { type Decimal, type Price as PriceText, text } from '../money/money.ts';
import { midPrice } from './book.ts';
import type { LeftOut, MarketSnapshot, OrderBook } from './market.ts';
import { booksIn, type CycleSnapshot } from './snapshot.ts';

/** The status of a symbol whose orders the exchange takes. */
export const TRADING = 'TRADING';
/** Of one that it does not name among its symbols. */
export const NOT_LISTED = 'NOT_LISTED';

export const NO_BOOK: OrderBook = { bids: [], asks: [] };

export interface Price {
  symbol: string;
  /** In the exchange's own words: `TRADING`, or e.g. `HALT`, `BREAK`; `NOT_LISTED` where it has none. */
  status: string;
  book: OrderBook;
}

/** The exchange as it is when a cycle decides. What the agents saw may be as old as the slowest of them is slow; what is paid may not. */
export interface Prices {
  /** The exchange's clock before the books were read. */
  takenAt: number;
  symbols: Price[];
  /** Of which no book could be read, though the exchange trades them. */
  leftOut?: LeftOut[];
}

export function notListed(symbol: string): Price {
  return { symbol, status: NOT_LISTED, book: NO_BOOK };
}

/** What a snapshot itself says of prices: where the exchange is not asked a second time. */
export function pricesIn(snapshot: CycleSnapshot): Prices {
  const { takenAt, setAside = [] } = snapshot;
  const traded = booksIn(snapshot).map((each) => ({ ...each, status: TRADING }));
  return { takenAt, symbols: [...traded, ...setAside.map(notListed)] };
}

/** The snapshot with the books of the prices. A symbol that has no price any more has an empty book, and not its old one. */
export function withPrices(snapshot: MarketSnapshot, prices: Prices): MarketSnapshot {
  const symbols = snapshot.symbols.map((one) => ({
    ...one,
    book: priceOf(prices, one.instrument.symbol)?.book ?? NO_BOOK,
  }));
  return { ...snapshot, symbols };
}

/** Undefined where it was not asked for. */
export function priceOf({ symbols }: Prices, wanted: string): Price | undefined {
  return symbols.find(({ symbol }) => symbol === wanted);
}

/** Known to be not traded now, or not any more. */
export function isHalted(prices: Prices, symbol: string): boolean {
  const price = priceOf(prices, symbol);
  return price !== undefined && price.status !== TRADING;
}

/** Undefined where a side of the book is empty, or there is none. */
export function midIn(prices: Prices, symbol: string): Decimal | undefined {
  const price = priceOf(prices, symbol);
  return price && midPrice(price.book);
}

/** Of each symbol that has a bid and an ask. */
export function midsOf({ symbols }: Prices): Record<string, PriceText> {
  return Object.fromEntries(
    symbols.flatMap(({ symbol, book }) => {
      const mid = midPrice(book);
      return mid ? [[symbol, text<PriceText>(mid)]] : [];
    }),
  );
}
