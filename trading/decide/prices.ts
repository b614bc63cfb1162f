import type { PricesRequest } from '../../contracts/cycle-steps.ts';
import { NO_BOOK, notListed, type Price, type Prices } from '../../domain/market/prices.ts';
import type { PricePort } from '../../venues/port.ts';
import { readEach } from './read-each.ts';

/** Of the two seconds that a cycle gives one try: the rest is for the clock and the statuses. */
const READ_MS = 1_200;

/**
 * The market as it is now, for the collar, the cost gate, exposure and equity. A book that cannot be read is an empty one, by which nothing is
 * ordered; where something is held of its symbol, nothing at all is decided.
 */
export async function readPrices(prices: PricePort, { symbols, bookLevels }: PricesRequest): Promise<Prices> {
  // The clock is read first: prices may be younger than they say, never older.
  const takenAt = await prices.exchangeTime();
  const statuses = await prices.statuses(symbols);
  const listed = symbols.filter((symbol) => statuses.has(symbol));
  const { read, leftOut } = await readEach(listed, (symbol) => prices.book(symbol, bookLevels), READ_MS);
  const priceOf = (symbol: string): Price => {
    const status = statuses.get(symbol);
    return status === undefined ? notListed(symbol) : { symbol, status, book: read.get(symbol) ?? NO_BOOK };
  };
  return { takenAt, symbols: symbols.map(priceOf), ...(leftOut.length > 0 ? { leftOut } : {}) };
}
