import { createServer } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { watchMirror } from '../../client/stack/mirror-watch.ts';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import type { Observation } from '../../domain/health/health.ts';
import { freePort } from '../support/ports.ts';

const away = [
  { symbol: 'BTC/USDT', since: 2_000, reason: 'kraken: fetch failed' },
  { symbol: 'ETH/USDT', since: 1_000, reason: 'kraken: fetch failed' },
];
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A stand-in of the paper exchange that knows this one page. */
async function watched(market: object, mode: 'paper' | 'live' = 'paper') {
  const port = await freePort();
  const now = { away: [] as unknown, asked: 0 };
  const server = createServer((_request, response) => {
    now.asked += 1;
    response.end(JSON.stringify({ away: now.away }));
  }).listen(port, '127.0.0.1');
  const told: Observation[] = [];
  const paperExchange = paperExchangeSchema.parse({ port, market });
  const end = watchMirror({ mode, paperExchange }, (observation) => told.push(observation), 20);
  ends.push(end, () => server.close());
  return { now, told };
}

it('tells once that a mirrored exchange is away, since when and why, and once that it is back', async () => {
  const { now, told } = await watched({ kind: 'mirror', venue: 'kraken' });
  await expect.poll(() => now.asked).toBeGreaterThan(2);
  expect(told).toEqual([]);
  now.away = away;
  await expect.poll(() => told).toHaveLength(1);
  expect(told[0]).toMatchObject({
    component: 'market/mirrored',
    code: 'market.stale',
    since: 1_000,
    detail: expect.stringMatching(
      /^no prices of BTC\/USDT, ETH\/USDT \(kraken: fetch failed\): nothing is traded there/,
    ),
  });
  const before = now.asked;
  await expect.poll(() => now.asked).toBeGreaterThan(before + 2);
  now.away = [];
  await expect.poll(() => told).toHaveLength(2);
  expect(told[1]).toEqual({ component: 'market/mirrored', detail: 'ok' });
});

it('tells nothing of an answer that it cannot read, and goes on', async () => {
  const { now, told } = await watched({ kind: 'mirror' });
  now.away = 'soon';
  await expect.poll(() => now.asked).toBeGreaterThan(2);
  expect(told).toEqual([]);
  now.away = away;
  await expect.poll(() => told).toHaveLength(1);
});

it.each([
  [{ kind: 'synthetic' }, 'paper'],
  [{ kind: 'mirror' }, 'live'],
] as const)('asks nobody where no exchange is mirrored (%j, %s)', async (market, mode) => {
  const { now } = await watched(market, mode);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(now.asked).toBe(0);
});
