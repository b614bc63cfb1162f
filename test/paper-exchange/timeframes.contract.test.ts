import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { candlesOf } from '../../domain/market/frames.ts';
import type { Candle } from '../../domain/market/market.ts';
import { lengthOf, minutesOf, type Timeframe, timeframes } from '../../domain/market/timeframes.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtMarket } from '../../venues/binance/ccxt-market.ts';
import type { MarketDataPort } from '../../venues/port.ts';
import { startTestExchange, type TestExchange, temporaryFolder } from './harness.ts';

const SYMBOL = 'BTC/USDT';
const HISTORY_DAYS = 31;

describe('the venue adapter on a paper exchange with a month of history', () => {
  let exchange: TestExchange;
  let market: MarketDataPort;
  const connect = async (): Promise<void> => {
    market = await createCcxtMarket(createCcxtClient({ venue: 'binance', restUrl: exchange.url }), 'paper');
  };
  beforeAll(async () => {
    exchange = await startTestExchange({ market: { kind: 'synthetic', historyDays: HISTORY_DAYS } });
    await connect();
  }, 60_000);
  afterAll(() => exchange.close());

  const lengths = timeframes.map((timeframe) => ({ timeframe, candles: timeframe === '1m' ? 2_900 : 30 }));

  test.each(timeframes)('decides on candles of %s, thirty of which have ended', async (timeframe) => {
    const snapshot = await market.symbolSnapshot(SYMBOL, { timeframe, candles: 30 }, 5);
    expect(snapshot.candles).toHaveLength(30);
    expect(snapshot.timeframe).toBe(timeframe === '1m' ? undefined : timeframe);
    expect(candlesOf(snapshot, timeframe)).toBe(snapshot.candles);
    const opens = snapshot.candles.map(({ openAt }) => openAt);
    expect(opens).toEqual(opens.map((_, index) => (opens[0] ?? 0) + index * lengthOf(timeframe)));
    expect(opens.at(-1)).toBe(
      Math.floor((await market.exchangeTime()) / lengthOf(timeframe)) * lengthOf(timeframe) - lengthOf(timeframe),
    );
  });

  test('makes each of its minutes', async () => {
    const frames = await market.frames(SYMBOL, lengths);
    const of = (timeframe: Timeframe): readonly Candle[] => candlesOf({ candles: [], frames }, timeframe);
    const minutes = new Map(of('1m').map((one) => [one.openAt, one]));
    expect(minutes.size).toBe(2_900);
    for (const timeframe of timeframes.slice(1)) {
      const known = of(timeframe).filter(({ openAt }) => minutes.has(openAt));
      expect(known.length).toBeGreaterThan(0);
      for (const candle of known) {
        const parts = Array.from({ length: minutesOf(timeframe) }, (_, index) =>
          minutes.get(candle.openAt + index * 60_000),
        );
        expect(candle.close).toBe(parts.at(-1)?.close);
        expect(Number(candle.high)).toBe(Math.max(...parts.map((part) => Number(part?.high))));
        expect(Number(candle.low)).toBe(Math.min(...parts.map((part) => Number(part?.low))));
      }
    }
  });

  test('gives a long past in pages, without a gap', async () => {
    const [frame] = await market.frames(SYMBOL, [{ timeframe: '3m', candles: 1_124 }]);
    const opens = frame?.candles.map(([openAt]) => openAt) ?? [];
    expect(opens).toHaveLength(1_124);
    expect((opens.at(-1) ?? 0) - (opens[0] ?? 0)).toBe(1_123 * 180_000);
  });

  test('has it still when the exchange was restarted', async () => {
    const read = async () => (await market.frames(SYMBOL, [{ timeframe: '4h', candles: 180 }]))[0]?.candles;
    const before = await read();
    expect(before).toHaveLength(180);
    await exchange.restart();
    await connect();
    expect(await read()).toEqual(before);
  });
});

describe('the venue adapter on an exchange that gives minutes alone', () => {
  test('reads its symbols however often the rest has failed', async () => {
    const exchange = await startTestExchange();
    try {
      const client = createCcxtClient({ venue: 'binance', restUrl: exchange.url });
      const own = client.publicGetKlines.bind(client);
      client.publicGetKlines = async (request: { interval: string }) => {
        if (request.interval === '1m') return own(request);
        throw new Error(`timeout of ${request.interval}`);
      };
      const market = await createCcxtMarket(client, 'paper');
      for (let times = 0; times < 10; times += 1) {
        await expect(market.frames(SYMBOL, [{ timeframe: '1h', candles: 48 }])).rejects.toThrow(/timeout|open/);
      }
      const { candles } = await market.symbolSnapshot(SYMBOL, { timeframe: '1m', candles: 30 }, 5);
      expect(candles).toHaveLength(30);
    } finally {
      await exchange.close();
    }
  });
});

describe('the venue adapter on a replay that is faster than the clock', () => {
  const SPEED = 600;

  test('has the lengths by the market’s own time, without what is running', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'candles.csv');
    const start = Date.UTC(2022, 0, 1);
    const rows = Array.from({ length: 4 * 1_440 }, (_, minute) => {
      const price = (100 + 5 * Math.sin(minute / 200)).toFixed(2);
      return `${start + minute * 60_000},${price},${price},${price},${price},1`;
    });
    await writeFile(file, `timestamp,open,high,low,close,volume\n${rows.join('\n')}\n`);
    const instrument = { symbol: SYMBOL, file, tickSize: '0.01', stepSize: '0.001', minNotional: '5' };
    const exchange = await startTestExchange({
      market: { kind: 'replay', speed: SPEED, historyDays: 2, instruments: [instrument] },
    });
    try {
      const market = await createCcxtMarket(
        createCcxtClient({ venue: 'binance', restUrl: exchange.url }),
        'paper',
        SPEED,
      );
      const minute = await market.symbolSnapshot(SYMBOL, { timeframe: '1m', candles: 1 }, 5);
      const frames = await market.frames(SYMBOL, [
        { timeframe: '15m', candles: 96 },
        { timeframe: '4h', candles: 10 },
      ]);
      const now = (minute.candles[0]?.openAt ?? 0) + 60_000;
      expect(now).toBeGreaterThanOrEqual(start + 2 * 86_400_000 - 60_000);
      for (const { timeframe, candles } of frames) {
        const [openAt = 0, , , , close] = candles.at(-1) ?? [];
        // The market goes on while it is asked: ten minutes a second.
        expect(openAt + lengthOf(timeframe)).toBeGreaterThan(now - lengthOf(timeframe));
        expect(openAt + lengthOf(timeframe)).toBeLessThanOrEqual(now + 120 * 60_000);
        const last = (openAt + lengthOf(timeframe) - 60_000 - start) / 60_000;
        expect(Number(close)).toBeCloseTo(100 + 5 * Math.sin(last / 200), 2);
      }
      expect(frames.map(({ candles }) => candles.length)).toEqual([96, 10]);
    } finally {
      await exchange.close();
    }
  });
});
