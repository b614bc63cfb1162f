import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { askHealth } from '../../client/views/services.ts';
import { flatPosition } from '../../domain/portfolio/position.ts';
import type { ControlState } from '../../stores/journal/books/control.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { controlObservation, listingsObservation } from '../../trading/health/books.ts';
import {
  type ExchangeView,
  probeDisk,
  probeExchange,
  probeProcess,
  probeTemporal,
} from '../../trading/health/probes.ts';

let server: Server | undefined;
afterEach(() => server?.close());

async function serving(pages: Record<string, { status: number; body: unknown }>): Promise<string> {
  server = createServer((request, response) => {
    const page = pages[request.url ?? ''];
    if (!page) return;
    response.writeHead(page.status, { 'content-type': 'application/json' }).end(JSON.stringify(page.body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const wellOf = (service: string) => ({ status: 200, body: { service, status: 'ok', components: {}, breakers: {} } });

describe('a process', () => {
  it('is well, is not ready, and tells its breakers', async () => {
    const body = {
      components: { journal: 'disk is full', exchange: 'gone', thing: 'it broke' },
      breakers: { 'exchange/trading': 'open', 'agents/qwen': 'closed' },
    };
    const url = await serving({ '/healthz': wellOf('workers/a'), '/readyz': { status: 503, body } });
    // Journal and exchange are looked at on their own.
    expect(await probeProcess({ name: 'workers/a', url })).toMatchObject([
      { component: 'process/workers/a', code: 'process.unready', detail: 'workers/a waits for thing: it broke' },
      { component: 'breaker/exchange/trading', code: 'breaker.open' },
      { component: 'breaker/agents/qwen', detail: 'ok' },
    ]);
  });

  it.each([
    ['says that it does not work', { '/healthz': { status: 503, body: { service: 'a', why: 'worker stopped' } } }],
    ['hangs', {}],
  ])('that %s is silent', { timeout: 10_000 }, async (_title, pages) => {
    const url = await serving(pages);
    expect(await probeProcess({ name: 'a', url })).toMatchObject([{ component: 'process/a', code: 'process.silent' }]);
  });
});

describe('a port on which another answers in place of a process', () => {
  const says = (who: string) => `somebody else answers at ${who}`;
  it.each([
    ['with 200 and nothing', 200, {}, 'it does not name itself'],
    ['with a page', 200, 'welcome', 'it does not name itself'],
    ['with a failure', 503, { service: 7 }, 'it does not name itself'],
    ['as another of ours', 200, wellOf('workers/b').body, 'it names itself workers/b'],
  ])('%s is seen by health and by status', async (_title, status, body, words) => {
    const url = await serving({ '/healthz': { status, body }, '/readyz': { status, body } });
    const [seen, ...others] = await probeProcess({ name: 'workers/a', url });
    expect(others).toEqual([]);
    expect(seen).toMatchObject({ component: 'process/workers/a', code: 'process.silent' });
    expect(seen?.detail).toContain(`${says(url)} in place of workers/a: ${words}`);
    const { healthy, detail } = await askHealth({ name: 'workers/a', url });
    expect({ healthy, detail }).toEqual({ healthy: false, detail: seen?.detail });
  });

  it('is no stranger where it names itself', async () => {
    const url = await serving({ '/healthz': wellOf('workers/a'), '/readyz': wellOf('workers/a') });
    expect(await probeProcess({ name: 'workers/a', url })).toMatchObject([{ detail: 'ok' }]);
    expect(await askHealth({ name: 'workers/a', url })).toMatchObject({ healthy: true, detail: 'ok', breakers: {} });
  });
});

describe('the exchange', () => {
  const view = (changes: Partial<ExchangeView>): ExchangeView => ({
    serverTime: async () => Date.now(),
    balances: async () => ({}),
    isRefusal: (error) => String(error).includes('-2015'),
    listing: () => 'traded',
    priceAt: async () => '1',
    ...changes,
  });
  const codes = async (changes: Partial<ExchangeView>): Promise<(string | undefined)[]> =>
    (await probeExchange(view(changes), ['BTC/USDT'])).map(({ code }) => code);

  it.each<[string, Partial<ExchangeView>, (string | undefined)[]]>([
    ['is well', {}, [undefined, undefined, undefined]],
    ['is away', { serverTime: async () => Promise.reject(new Error('ECONNREFUSED')) }, ['exchange.away']],
    [
      'refuses our keys',
      { balances: async () => Promise.reject(new Error('-2015')) },
      [undefined, 'exchange.refuses', undefined],
    ],
    [
      'gives no balances',
      { balances: async () => Promise.reject(new Error('503')) },
      [undefined, 'exchange.away', undefined],
    ],
    [
      'is there, and was asked for as much as it grants in a minute',
      { balances: async () => Promise.reject(new Error('no look')), hasRoom: () => false },
      [undefined, undefined, undefined],
    ],
    [
      'has another clock',
      { serverTime: async () => Date.now() + 1_500 },
      ['exchange.clock_skew', undefined, undefined],
    ],
    ['has a market that stands still', { priceAt: async () => undefined }, [undefined, undefined, 'market.stale']],
    [
      'has a market that is not traded',
      { priceAt: async () => undefined, listing: () => 'halted' },
      [undefined, undefined, undefined],
    ],
  ])('%s', async (_title, changes, expected) => expect(await codes(changes)).toEqual(expected));

  it.each([
    [1_500, /^the exchange's clock is 1[45]\d\d ms ahead of ours, 1000 ms at most are usual: /],
    [-1_500, /^the exchange's clock is 1[45]\d\d ms behind ours, 1000 ms at most are usual: /],
  ])('a clock that is off by %d ms is ahead or behind by so many, and by no less than none', async (offMs, words) => {
    const observations = await probeExchange(view({ serverTime: async () => Date.now() + offMs }), ['BTC/USDT']);
    expect(observations.find(({ component }) => component === 'exchange/clock')?.detail).toMatch(words);
  });
});

describe('listings', () => {
  const listing: ExchangeView['listing'] = (symbol) =>
    symbol === 'GONE/USDT' ? 'unlisted' : symbol === 'WAIT/USDT' ? 'halted' : 'traded';

  it.each<[string, string[], string[], string | undefined]>([
    ['all that is traded', ['BTC/USDT'], ['ETH/USDT'], undefined],
    [
      'one that is held',
      ['BTC/USDT'],
      ['GONE/USDT'],
      'GONE/USDT is unlisted and set aside: if that lasts, book it out with "./sapphire portfolio book-out GONE/USDT"',
    ],
    [
      'one that is configured',
      ['BTC/USDT', 'WAIT/USDT'],
      [],
      'WAIT/USDT is halted and set aside until the exchange trades it again: only if it gives it up, take it out of the configuration',
    ],
    [
      'one that is both',
      ['GONE/USDT'],
      ['GONE/USDT'],
      'GONE/USDT is unlisted and set aside: if that lasts, book it out with "./sapphire portfolio book-out GONE/USDT" and take it out of the configuration',
    ],
  ])('tell of %s', async (_which, configured, held, detail) => {
    const expected = detail ? { code: 'market.untraded', detail } : { detail: 'ok' };
    const positions = [...held.map((symbol) => ({ ...flatPosition(symbol), quantity: '1' })), flatPosition('OLD/USDT')];
    const journal = { ledger: { positions: async () => positions } } as unknown as Pick<Journal, 'ledger'>;
    expect(await listingsObservation(journal, { listing }, 'main', configured)).toEqual([
      { component: 'exchange/listings', ...expected },
    ]);
  });
});

describe('a halt', () => {
  const control = (changedBy: string): ControlState => ({
    tradingState: 'halted',
    epoch: 1,
    reason: 'why',
    changedBy,
    changedAt: 1_000_000,
    liveEnabled: false,
  });
  const last = (at: number, differences: string[] = []) => ({
    account: 'main',
    at,
    differences,
    stable: differences.length,
  });

  it.each([
    ['by a person', control('me'), last(2_000_000), undefined],
    ['by a limit', control('risk'), last(2_000_000), 'trading.halted'],
    ['in the place of a latch that was lost', control('sapphire'), last(2_000_000), 'trading.halted'],
    ['over trades of others', control('ingestor'), last(2_000_000), 'trading.halted'],
    ['over differences that are still there', control('reconcile'), last(2_000_000, ['x']), 'trading.frozen'],
    ['over differences a moment ago', control('reconcile'), last(1_020_000), 'trading.frozen'],
    ['over differences that are gone', control('reconcile'), last(1_060_000), 'trading.resumable'],
    ['before any look', control('reconcile'), undefined, 'trading.frozen'],
  ])('%s', (_title, state, look, code) =>
    expect(controlObservation('main', state, look)).toMatchObject([
      { component: 'trading/main', ...(code ? { code } : { detail: 'ok' }) },
    ]),
  );
});

describe('Temporal', () => {
  it('is slow where its answer takes longer than a second, whatever it is', async () => {
    expect(await probeTemporal(async () => true, 2_000)).toEqual([{ component: 'temporal', detail: 'ok' }]);
    const late = (end: () => Promise<unknown>) => probeTemporal(() => sleep(1_050).then(end), 0);
    const slow = [{ component: 'temporal', code: 'temporal.slow', detail: expect.stringMatching(/took 1\d\d\d ms/) }];
    expect(await late(async () => true)).toEqual(slow);
    expect(await late(() => Promise.reject(new Error('deadline exceeded')))).toEqual(slow);
  });

  it('is slow where the look itself began late', async () => {
    expect(await probeTemporal(async () => true, 2_001)).toMatchObject([
      { code: 'temporal.slow', detail: expect.stringMatching(/^a look began 2001 ms late/) },
    ]);
  });

  it('that cannot be asked tells nothing of itself', async () => {
    await expect(probeTemporal(() => Promise.reject(new Error('no address')), 0)).rejects.toThrow('no address');
  });
});

it('the disk is told with its room', async () => {
  const [disk] = await probeDisk('/');
  expect(disk).toMatchObject({ component: 'disk', detail: expect.stringMatching(/^\d+ MB of \d+ MB are free at \/$/) });
  // The system's own files have no room at all.
  const [none] = await probeDisk('/proc');
  expect(none?.code).toBe('disk.low');
});
