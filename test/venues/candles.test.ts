import type { binance } from 'ccxt';
import { describe, expect, it } from 'vitest';
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
    expect(minutes(await createCandleHistory(client, 1)('BTC/USDT', 3, BORDER + at))).toEqual(expected);
  });

  it('are asked for once a minute', async () => {
    const { client, asked } = venue(0);
    const history = createCandleHistory(client, 1);
    await history('BTC/USDT', 3, BORDER);
    await history('BTC/USDT', 3, BORDER + 59_999);
    expect(asked()).toBe(1);
    await history('BTC/USDT', 3, BORDER + MINUTE_MS);
    expect(asked()).toBe(2);
  });

  it('are asked for again until the minute that has just ended is among them', async () => {
    // The exchange lists the minute before the last one as its newest at first.
    const { client, asked } = venue(-2 * MINUTE_MS, 0);
    const history = createCandleHistory(client, 1);
    expect(minutes(await history('BTC/USDT', 2, BORDER + 10))).toEqual([-3, -2]);
    expect(minutes(await history('BTC/USDT', 2, BORDER + 500))).toEqual([-2, -1]);
    expect(minutes(await history('BTC/USDT', 2, BORDER + 900))).toEqual([-2, -1]);
    expect(asked()).toBe(2);
  });

  it('of a fast replay bear its own times, the running one last', async () => {
    const { client } = venue(-1_000 * MINUTE_MS);
    expect(minutes(await createCandleHistory(client, 60)('BTC/USDT', 2, BORDER))).toEqual([-1_002, -1_001]);
  });
});
