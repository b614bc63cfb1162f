import ccxt, { type Exchange } from 'ccxt';
import { describe, expect, test } from 'vitest';
import { mirrorVenues } from '../../contracts/config/paper-exchange.ts';
import { krakenAnswers, okxAnswers, startFakeVenue } from './fake-venues.ts';
import { ccxtClient, startTestExchange } from './harness.ts';

describe.each(mirrorVenues)('%s', (venue) => {
  test('gives everybody, by ccxt, what a mirror is made of', () => {
    const client = new (ccxt as unknown as Record<typeof venue, new () => Exchange>)[venue]();
    for (const ability of ['spot', 'fetchOrderBook', 'fetchTrades', 'fetchOHLCV', 'fetchTime'])
      expect(client.has[ability], ability).toBe(true);
    expect(client.timeframes).toHaveProperty('1m');
    // Steps as decimals, and not as a number of digits.
    expect(client.precisionMode).toBe(ccxt.TICK_SIZE);
  });
});

describe.each([
  {
    venue: 'kraken',
    answers: krakenAnswers,
    symbol: 'BTC/USD',
    terms: { precision: { price: 0.1, amount: 0.0000001 }, limits: { amount: { min: 0.00005 }, cost: { min: 0.5 } } },
    book: {
      bids: [
        [30_297, 1.115],
        [30_296.7, 2.002],
      ],
      asks: [
        [30_384.1, 2.059],
        [30_387.9, 1.5],
      ],
    },
    minute: [30_306.1, 30_306.2, 30_305.7, 30_305.8],
    minutes: 715,
  },
  {
    venue: 'okx',
    answers: okxAnswers,
    symbol: 'BTC/USDT',
    terms: { precision: { price: 0.1, amount: 0.0000001 }, limits: { amount: { min: 0.00001 } } },
    book: {
      bids: [[41_006.3, 0.3017821]],
      asks: [
        [41_006.8, 0.6003892],
        [41_007.2, 1.2],
      ],
    },
    minute: [41_006.8, 41_010.1, 41_000.2, 41_003.3],
    minutes: 1_430,
  },
])(
  'a mirror of $venue, answered by a fake in its documented form',
  ({ venue, answers, symbol, terms, book, minute, minutes }) => {
    test('has its terms, book and minutes, and trades by them', async () => {
      const fake = await startFakeVenue(answers);
      const market = { kind: 'mirror', venue, restUrl: fake.url, historyDays: 1, pollSeconds: 0.5 };
      try {
        const mirror = await startTestExchange({ market }, [symbol]);
        try {
          const [, quote = ''] = symbol.split('/');
          const client = ccxtClient(await mirror.account('reader', { [quote]: '100000' }));
          await client.loadMarkets();
          expect(client.market(symbol)).toMatchObject(terms);
          const { bids, asks } = await client.fetchOrderBook(symbol, 5);
          expect({ bids, asks }).toEqual(book);
          const candles = await client.fetchOHLCV(symbol, '1m', undefined, 1_000);
          expect(candles.length).toBeGreaterThanOrEqual(Math.min(1_000, minutes) - 2);
          const traded = candles.slice(0, -2).filter(([, , , , , volume]) => Number(volume) > 0);
          expect(traded.length).toBeGreaterThan(candles.length * 0.8);
          for (const row of traded) expect(row.slice(1, 5)).toEqual(minute);
          const steps = candles.map(([at], index) => Number(at) - Number(candles[0]?.[0]) - index * 60_000);
          expect(new Set(steps)).toEqual(new Set([0]));
          const order = await client.createOrder(symbol, 'market', 'buy', 0.01);
          expect(order).toMatchObject({ status: 'closed', filled: 0.01, average: book.asks[0]?.[0] });
        } finally {
          await mirror.close();
        }
      } finally {
        fake.close();
      }
    });
  },
);
