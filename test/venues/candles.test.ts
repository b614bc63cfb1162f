import type { binance } from 'ccxt';
import { describe, expect, it } from 'vitest';
import { type FrameWish, lengthOf, type Timeframe } from '../../domain/market/timeframes.ts';
import { createCandleHistory } from '../../venues/binance/candles.ts';

const MINUTE_MS = 60_000;
/** A whole minute, UTC. */
const BORDER = Date.UTC(2026, 10, 30, 12, 0);

/** A venue whose list ends with the candle that opened so long before or after the border. */
function venue(...lastOpens: number[]) {
  let asked = 0;
  const client = {
    market: () => ({ id: 'BTCUSDT' }),
    publicGetKlines: async ({ limit }: { limit: number }) => {
      const last = BORDER + (lastOpens[Math.min(asked, lastOpens.length - 1)] ?? 0);
      asked += 1;
      return Array.from({ length: limit }, (_, index) => {
        const openAt = last - (limit - 1 - index) * MINUTE_MS;
        return [openAt, '1', '1', '1', '1', '1', openAt + MINUTE_MS - 1];
      });
    },
  };
  return { client: client as unknown as binance, asked: () => asked };
}

const wish = (candles: number, timeframe: Timeframe = '1m'): FrameWish => ({ timeframe, candles });

interface Asked {
  interval: Timeframe;
  limit: number;
  endTime?: number;
}

/** A venue that has listed each length for ever, up to the running one; `close` is what it says of a candle. */
function anyVenue(now: () => number, close: (openAt: number) => string = () => '1') {
  const asked: Asked[] = [];
  const client = {
    market: () => ({ id: 'BTCUSDT' }),
    publicGetKlines: async (request: Asked) => {
      asked.push(request);
      const barMs = lengthOf(request.interval);
      const last = Math.floor(Math.min(now(), request.endTime ?? Number.POSITIVE_INFINITY) / barMs) * barMs;
      return Array.from({ length: request.limit }, (_, index) => {
        const openAt = last - (request.limit - 1 - index) * barMs;
        return [openAt, '1', '1', '1', close(openAt), '1', openAt + barMs - 1];
      });
    },
  };
  return { client: client as unknown as binance, asked };
}

const minutes = (candles: readonly { openAt: number }[]): number[] =>
  candles.map(({ openAt }) => (openAt - BORDER) / MINUTE_MS);

describe('candles', () => {
  it.each<[string, number, number, number[]]>([
    ['in the middle of a minute', 30_000, 0, [-3, -2, -1]],
    ['at the border, where the running one is listed', 0, 0, [-3, -2, -1]],
    ['at the border, where it is not listed yet', 0, -MINUTE_MS, [-3, -2, -1]],
    ['a moment before the border', -1, -MINUTE_MS, [-4, -3, -2]],
    ['a moment before the border, where the exchange is past it', -1, 0, [-4, -3, -2]],
    ['in a market that stands still', 30_000, -5 * MINUTE_MS, [-7, -6, -5]],
  ])('are those that have ended: %s', async (_when, at, lastOpen, expected) => {
    const { client } = venue(lastOpen);
    expect(minutes(await createCandleHistory(client, 1)('BTC/USDT', wish(3), BORDER + at))).toEqual(expected);
  });

  it('are asked for once a minute', async () => {
    const { client, asked } = venue(0);
    const history = createCandleHistory(client, 1);
    await history('BTC/USDT', wish(3), BORDER);
    await history('BTC/USDT', wish(3), BORDER + 59_999);
    expect(asked()).toBe(1);
    await history('BTC/USDT', wish(3), BORDER + MINUTE_MS);
    expect(asked()).toBe(2);
  });

  it('are asked for again until the minute that has just ended is among them', async () => {
    // The exchange lists the minute before the last one as its newest at first.
    const { client, asked } = venue(-2 * MINUTE_MS, 0);
    const history = createCandleHistory(client, 1);
    expect(minutes(await history('BTC/USDT', wish(2), BORDER + 10))).toEqual([-3, -2]);
    expect(minutes(await history('BTC/USDT', wish(2), BORDER + 500))).toEqual([-2, -1]);
    expect(minutes(await history('BTC/USDT', wish(2), BORDER + 900))).toEqual([-2, -1]);
    expect(asked()).toBe(2);
  });

  it('of a fast replay bear its own times, the running one last', async () => {
    const { client } = venue(-1_000 * MINUTE_MS);
    expect(minutes(await createCandleHistory(client, 60)('BTC/USDT', wish(2), BORDER))).toEqual([-1_002, -1_001]);
  });
});

describe('candles of several lengths', () => {
  const DAY: FrameWish[] = [
    wish(120),
    wish(1_124, '3m'),
    wish(96, '15m'),
    wish(48, '1h'),
    wish(42, '4h'),
    wish(30, '1d'),
  ];

  it('are asked for once a candle of their length: a day of cycles each 30 s', async () => {
    let now = BORDER + 5_000;
    const { client, asked } = anyVenue(() => now);
    const history = createCandleHistory(client, 1);
    for (; now < BORDER + 86_400_000; now += 30_000) {
      for (const each of DAY) expect(await history('BTC/USDT', each, now)).toHaveLength(each.candles);
    }
    const count = (timeframe: Timeframe): number => asked.filter(({ interval }) => interval === timeframe).length;
    expect(DAY.map(({ timeframe }) => count(timeframe))).toEqual([1_440, 480 + 1, 96, 24, 6, 2]);
  });

  it('are, after the first time, the new ones alone, and never more than the exchange lists at once', async () => {
    let now = BORDER + 5_000;
    const { client, asked } = anyVenue(() => now);
    const history = createCandleHistory(client, 1);
    const first = await history('BTC/USDT', wish(1_124, '3m'), now);
    expect(asked.map(({ limit }) => limit)).toEqual([1_000, 126]);
    now += 6 * MINUTE_MS;
    const next = await history('BTC/USDT', wish(1_124, '3m'), now);
    expect(asked[2]?.limit).toBe(5);
    expect(next.slice(0, -2)).toEqual(first.slice(2));
    for (const candles of [first, next]) {
      const opens = candles.map(({ openAt }) => openAt);
      expect(opens).toEqual(opens.map((_, index) => (opens[0] ?? 0) + index * 180_000));
    }
    expect((next.at(-1)?.openAt ?? 0) + 180_000).toBe(Math.floor(now / 180_000) * 180_000);
  });

  it('are read anew where what is known is not what the exchange lists', async () => {
    let now = BORDER + 5_000;
    let price = '1';
    const { client } = anyVenue(
      () => now,
      () => price,
    );
    const history = createCandleHistory(client, 1);
    await history('BTC/USDT', wish(10, '15m'), now);
    price = '2';
    now += 15 * MINUTE_MS;
    const closes = (await history('BTC/USDT', wish(10, '15m'), now)).map(({ close }) => close);
    expect(closes).toEqual(Array.from({ length: 10 }, () => '2'));
  });

  it('are asked for once by those who ask at the same time', async () => {
    const { client, asked } = anyVenue(() => BORDER);
    const history = createCandleHistory(client, 1);
    const all = await Promise.all([5, 20, 20, 3].map((count) => history('BTC/USDT', wish(count, '1h'), BORDER)));
    expect(all.map(({ length }) => length)).toEqual([5, 20, 20, 3]);
    expect(asked.map(({ limit }) => limit)).toEqual([7, 22]);
  });

  it('of a fast replay have ended by its own minutes', async () => {
    const market = BORDER - 30 * MINUTE_MS;
    const { client } = anyVenue(() => market);
    const [newest] = await createCandleHistory(client, 60)('BTC/USDT', wish(1, '1h'), BORDER);
    expect(newest?.openAt).toBe(BORDER - 2 * 3_600_000);
  });
});
