import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { NotWorking } from '../../runtime/telemetry/not-working.ts';
import { beginRounds, checkRounds, STILL_MS, type SteadyRounds } from '../../runtime/telemetry/steady-rounds.ts';
import { type WatchTools, watchPosition } from '../../trading/protect/watch.ts';
import { startIngestLoop } from '../../trading/reconcile/ingest-loop.ts';

let open: SteadyRounds[] = [];
const begin = (name: string, ticks: () => number): SteadyRounds => {
  const rounds = beginRounds(name, ticks);
  open.push(rounds);
  return rounds;
};
afterEach(() => {
  for (const rounds of open) rounds.over();
  open = [];
});

it('what hangs is said by name, since when and for how long, until it moves or is over', () => {
  let now = 0;
  const trades = begin('the reading of trades', () => now);
  const exits = begin('the exits of BTC/USDT', () => now);
  checkRounds(STILL_MS);
  now = 30_000;
  exits.moved();
  const before = Date.now();
  expect(() => checkRounds(STILL_MS + 1_000)).toThrow('the reading of trades came no further for 41 s');
  expect(() => checkRounds(STILL_MS + 31_000)).toThrow(
    'the reading of trades, the exits of BTC/USDT came no further for 71 s',
  );
  try {
    checkRounds(STILL_MS + 31_000);
  } catch (error) {
    expect(error).toBeInstanceOf(NotWorking);
    expect((error as NotWorking).since).toBeLessThanOrEqual(before);
  }
  trades.over();
  exits.moved();
  now = STILL_MS + 31_000;
  exits.moved();
  checkRounds(now);
});

const never = (): Promise<never> => new Promise(() => {});
const later = (): number => performance.now() + STILL_MS + 1_000;
const logger = pino({ level: 'silent' });

it('a look at a price that never ends is found, and not the one that ended', async () => {
  const position = { symbol: 'BTC/USDT', quantity: '1', averageCost: '100', openedAt: 1 };
  const tools = {
    journal: { ledger: { positions: async () => [position] }, byHand: { exits: async () => [] } },
    trading: { touch: never, listing: () => 'traded', instrument: () => ({}) },
    settings: {},
    clock: { now: Date.now, elapsed: () => 0, sleep: async () => {} },
    logger,
  } as unknown as WatchTools;
  const request = { account: 'main', symbol: 'BTC/USDT', holding: position, settings: {}, highest: '100' };
  void watchPosition(tools, request as unknown as Parameters<typeof watchPosition>[1], () => {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(() => checkRounds(later())).toThrow('the exits of BTC/USDT came no further for');

  const flat = { ...tools, journal: { ...tools.journal, ledger: { positions: async () => [] } } } as WatchTools;
  const ended = watchPosition(flat, { ...request, symbol: 'ETH/USDT' } as never, () => {});
  expect(await ended).toMatchObject({ end: 'flat' });
  expect(() => checkRounds(later())).not.toThrow(/ETH/);
});

it('a round of bookings that never ends is found; one that fails has ended', async () => {
  let now = 0;
  const rounds = begin('the reading of trades', () => now);
  let fails = true;
  const loop = startIngestLoop({
    ingest: { round: async () => (fails ? Promise.reject(new Error('away')) : never()) },
    journal: { intents: { listOpen: async () => [] }, ledger: {} } as never,
    account: 'main',
    symbols: ['BTC/USDT'],
    protect: undefined,
    logger,
    rounds: { moved: () => rounds.moved(), over: () => rounds.over() },
  });
  now = 50_000;
  await expect.poll(() => isFound(STILL_MS + 20_000), { timeout: 10_000 }).toBe(false);
  fails = false;
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(isFound(now + STILL_MS + 1_000)).toBe(true);
  void loop.close();
  expect(isFound(now + STILL_MS + 1_000)).toBe(false);
});

function isFound(ticks: number): boolean {
  try {
    checkRounds(ticks);
    return false;
  } catch (error) {
    return String(error).includes('the reading of trades');
  }
}
