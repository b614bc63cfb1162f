import type { OrderBook } from '../../domain/market.ts';
import { notListed, type Price, type Prices } from '../../domain/prices.ts';
import { whileBeating } from '../heartbeat.ts';

export interface PricesRequest {
  symbols: string[];
  /** Book levels of each side. */
  bookLevels: number;
}

/** What a decision needs of the exchange, and nothing that would take long. Throws what a retry can mend as it is. */
export interface PricePort {
  /** The exchange's clock, UTC epoch milliseconds. */
  exchangeTime(): Promise<number>;
  /** In the exchange's own words; without those that it does not list. */
  statuses(symbols: readonly string[]): Promise<ReadonlyMap<string, string>>;
  book(symbol: string, levels: number): Promise<OrderBook>;
}

export function createPriceActivities({ prices }: { prices: PricePort }) {
  return {
    /** The market as it is now, for the collar, the cost gate, exposure and equity. */
    async readPrices({ symbols, bookLevels }: PricesRequest): Promise<Prices> {
      return whileBeating(async () => {
        // The clock is read first: prices may be younger than they say, never older.
        const takenAt = await prices.exchangeTime();
        const statuses = await prices.statuses(symbols);
        const priceOf = async (symbol: string): Promise<Price> => {
          const status = statuses.get(symbol);
          return status === undefined
            ? notListed(symbol)
            : { symbol, status, book: await prices.book(symbol, bookLevels) };
        };
        return { takenAt, symbols: await Promise.all(symbols.map(priceOf)) };
      });
    },
  };
}

export type PriceActivities = ReturnType<typeof createPriceActivities>;
