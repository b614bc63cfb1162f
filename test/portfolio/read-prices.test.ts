import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { createPriceActivities } from '../../activities/portfolio/prices.ts';
import type { PricesRequest } from '../../contracts/cycle-steps.ts';
import type { OrderBook } from '../../domain/market/market.ts';
import type { Prices } from '../../domain/market/prices.ts';
import { bookAround } from '../agents/market.ts';

const symbols = Array.from({ length: 50 }, (_, index) => `C${index}/USDT`);

async function read(book: (symbol: string) => Promise<OrderBook>): Promise<Prices> {
  const { readPrices } = createPriceActivities({
    prices: {
      exchangeTime: async () => 7,
      statuses: async () => new Map(symbols.slice(1).map((symbol) => [symbol, 'TRADING'])),
      book,
    },
  });
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  return environment.run<[PricesRequest], Prices, typeof readPrices>(readPrices, { symbols, bookLevels: 5 });
}

describe('the prices of fifty symbols', () => {
  it('are those of the others where a book cannot be read, with the reason', async () => {
    const prices = await read(async (symbol) => {
      if (symbol === 'C7/USDT') throw new Error('no depth');
      return bookAround(100);
    });
    expect(prices.symbols.map(({ symbol }) => symbol)).toEqual(symbols);
    expect(prices.symbols[0]).toEqual({ symbol: 'C0/USDT', status: 'NOT_LISTED', book: { bids: [], asks: [] } });
    expect(prices.symbols[7]).toEqual({ symbol: 'C7/USDT', status: 'TRADING', book: { bids: [], asks: [] } });
    expect(prices.symbols[8]).toEqual({ symbol: 'C8/USDT', status: 'TRADING', book: bookAround(100) });
    expect(prices.leftOut).toEqual([{ symbol: 'C7/USDT', reason: 'no depth' }]);
  });

  it('are not there where no book can be read', async () => {
    await expect(read(async () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  });

  it('are read a few at a time', async () => {
    let [now, most] = [0, 0];
    const prices = await read(async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now -= 1;
      return bookAround(100);
    });
    expect(prices.leftOut).toBeUndefined();
    expect(most).toBe(16);
  });
});
