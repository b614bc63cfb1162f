import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Perpetual } from '../../domain/market/perpetual.ts';
import { breakerStates } from '../../runtime/telemetry/breaker.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { createPerpetuals } from '../../venues/binance/perpetuals.ts';
import { createUsdMargined } from '../../venues/binance/usd-margined.ts';
import type { PerpetualsPort } from '../../venues/port.ts';
import {
  type FakeFutures,
  FUNDING,
  fundingRow,
  json,
  OPEN_INTEREST,
  openInterest,
  openInterestRows,
  startFakeFutures,
} from './fake-futures.ts';

/** A quarter of an hour has ended five minutes ago. */
const NOW = 1_790_000_400_000 - (1_790_000_400_000 % 900_000) + 300_000;
const MINUTE_MS = 60_000;

const warned = vi.fn();

async function fake(rows: object[] = [fundingRow('BTCUSDT', NOW)]): Promise<FakeFutures> {
  const futures = await startFakeFutures();
  futures.answers[FUNDING] = json(rows);
  futures.answers[OPEN_INTEREST] = openInterest(NOW);
  return futures;
}

function read(
  { url }: Pick<FakeFutures, 'url'>,
  symbols = ['BTC/USDT'],
  changes: { exchangeTime?: () => Promise<number>; everyMs?: number } = {},
): PerpetualsPort {
  const port = createPerpetuals(createUsdMargined(url), {
    symbols,
    exchangeTime: async () => NOW,
    logger: { warn: warned },
    ...changes,
  });
  onTestFinished(() => port.close());
  return port;
}

/** Once a symbol is no longer unread. */
async function besideOf(port: PerpetualsPort, symbol = 'BTC/USDT', at = NOW) {
  await vi.waitFor(() => expect(port.beside(symbol, NOW)).not.toEqual({ missing: 'unread' }), { timeout: 9_000 });
  await vi.waitFor(() => expect(port.beside(symbol, NOW)).not.toMatchObject({ openInterest: { missing: 'unread' } }), {
    timeout: 9_000,
  });
  return port.beside(symbol, at);
}

const counted = async (reading: string, result: string): Promise<number> =>
  (await metrics.perpetualReadings.get()).values.find(
    ({ labels }) => labels.reading === reading && labels.result === result,
  )?.value ?? 0;

describe('the perpetual market beside a symbol', () => {
  it('says what funding comes, and open interest with that of a day before', async () => {
    const futures = await fake();
    const port = read(futures);
    expect(port.beside('BTC/USDT', NOW)).toEqual({ missing: 'unread' });
    expect(await besideOf(port)).toEqual({
      market: 'BTCUSDT',
      fundingRate: '0.0001',
      nextFundingAt: NOW + 30 * MINUTE_MS,
      seenAt: NOW,
      openInterest: { quantity: '20096', dayBefore: '20000', at: NOW - 5 * MINUTE_MS },
    });
    expect(futures.requests).toEqual([FUNDING, `${OPEN_INTEREST}?symbol=BTCUSDT&period=15m&limit=97`]);
  });

  it('is counted in the units of the symbol, whatever its contract counts in', async () => {
    const ids = ['1000SHIBUSDT', '1MBABYDOGEUSDT', '1000000MOGUSDT', '1000SATSUSDT'];
    const port = read(await fake(ids.map((id) => fundingRow(id, NOW, { lastFundingRate: '-0.00250000' }))), [
      'SHIB/USDT',
      'BABYDOGE/USDT',
      'MOG/USDT',
      '1000SATS/USDT',
    ]);
    const quantities = {
      'SHIB/USDT': '20096000',
      'BABYDOGE/USDT': '20096000000',
      'MOG/USDT': '20096000000',
      '1000SATS/USDT': '20096',
    };
    for (const [symbol, quantity] of Object.entries(quantities)) {
      expect(await besideOf(port, symbol)).toMatchObject({ fundingRate: '-0.0025', openInterest: { quantity } });
    }
  });

  it('is none where the venue has no such contract: one that is delivered is none', async () => {
    const delivered = fundingRow('BTCUSDT_261225', NOW, { lastFundingRate: '', nextFundingTime: 0 });
    const futures = await fake([delivered, fundingRow('ETHUSDT', NOW)]);
    const port = read(futures, ['BTC/USDT', 'ETH/USDT']);
    expect(await besideOf(port, 'ETH/USDT')).toMatchObject({ market: 'ETHUSDT' });
    expect(port.beside('BTC/USDT', NOW)).toEqual({ missing: 'none' });
    expect(futures.requests).toHaveLength(2);
  });

  it('has no yesterday where it is younger', async () => {
    const futures = await fake();
    futures.answers[OPEN_INTEREST] = json(openInterestRows('BTCUSDT', NOW, 50, 9));
    expect(await besideOf(read(futures))).toHaveProperty('openInterest', { quantity: '50', at: NOW - 5 * MINUTE_MS });
  });

  it('of a symbol that nobody has configured is read from the next look on', async () => {
    const port = read(await fake([fundingRow('BTCUSDT', NOW), fundingRow('SOLUSDT', NOW)]), ['BTC/USDT'], {
      everyMs: 50,
    });
    await besideOf(port);
    expect(port.beside('SOL/USDT', NOW)).toEqual({ missing: 'unread' });
    expect(await besideOf(port, 'SOL/USDT')).toMatchObject({ market: 'SOLUSDT' });
  });
});

describe('nothing is made up', () => {
  const broken = (changes: object) => [fundingRow('BTCUSDT', NOW, changes)];
  it.each<[string, unknown, string]>([
    ['JSON that is none', '[{"symbol":"BTCUSDT","lastFundingRate":NaN}]', 'malformed'],
    ['a page', '<html>maintenance</html>', 'malformed'],
    ['an object', { symbol: 'BTCUSDT' }, 'malformed'],
    ['nothing', [], 'none'],
  ])('of %s', async (_name, body, gap) => {
    const futures = await fake();
    futures.answers[FUNDING] = json(body);
    const before = await counted('funding', gap);
    expect(await besideOf(read(futures))).toEqual({ missing: gap });
    expect(await counted('funding', gap)).toBe(before + 1);
  });

  it.each<[string, object[], string]>([
    ['a rate that is no number', broken({ lastFundingRate: 'NaN' }), 'malformed'],
    ['a rate without one', broken({ lastFundingRate: null }), 'malformed'],
    ['no time of the next funding', broken({ nextFundingTime: undefined }), 'malformed'],
    ['what is sixteen minutes old', broken({ time: NOW - 16 * MINUTE_MS }), 'stale'],
    ['what comes from the future', broken({ time: NOW + 2 * MINUTE_MS }), 'stale'],
    ['funding that has been paid', broken({ nextFundingTime: NOW }), 'stale'],
  ])('of %s, and open interest stands', async (_name, rows, gap) => {
    const futures = await fake(rows);
    const before = await counted('funding', gap);
    expect(await besideOf(read(futures))).toEqual({
      market: 'BTCUSDT',
      funding: { missing: gap },
      openInterest: { quantity: '20096', dayBefore: '20000', at: NOW - 5 * MINUTE_MS },
    });
    expect(await counted('funding', gap)).toBe(before + 1);
  });

  it.each<[string, unknown, string]>([
    ['another contract', openInterestRows('ETHUSDT', NOW), 'malformed'],
    ['NaN', [{ ...openInterestRows('BTCUSDT', NOW)[0], sumOpenInterest: 'NaN' }], 'malformed'],
    ['less than nothing', [{ ...openInterestRows('BTCUSDT', NOW)[0], sumOpenInterest: '-1' }], 'malformed'],
    ['no time', [{ ...openInterestRows('BTCUSDT', NOW)[0], timestamp: '' }], 'malformed'],
    ['an hour ago', openInterestRows('BTCUSDT', NOW - 61 * MINUTE_MS), 'stale'],
    ['no time at all', [], 'none'],
  ])('of open interest of %s, and funding stands', async (_name, body, gap) => {
    const futures = await fake();
    futures.answers[OPEN_INTEREST] = json(body);
    expect(await besideOf(read(futures))).toMatchObject({ fundingRate: '0.0001', openInterest: { missing: gap } });
  });

  it.each<[string, number, unknown, string]>([
    ['is busy', 503, 'Service unavailable', 'away'],
    ['does not serve this country', 451, { code: 0, msg: 'Service unavailable from a restricted location' }, 'refused'],
    ['is forbidden', 403, '<html>', 'refused'],
    ['knows no such path', 404, '', 'refused'],
    ['refuses by a code', 400, { code: -1121, msg: 'Invalid symbol.' }, 'refused'],
  ])('by a venue that %s', async (_name, status, body, gap) => {
    const futures = await fake();
    futures.answers[FUNDING] = json(body, status);
    expect(await besideOf(read(futures))).toEqual({ missing: gap });
  });

  it('by one that is not there, never answers or never ends its answer, while nobody waits for it', async () => {
    expect(await besideOf(read({ url: 'http://127.0.0.1:9' }))).toEqual({ missing: 'away' });
    const [futures, trickling] = [await fake(), await fake()];
    futures.answers[FUNDING] = () => {};
    trickling.answers[FUNDING] = (_query, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drops = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(drops));
    };
    const other = read(trickling);
    const port = read(futures);
    const startedAt = performance.now();
    expect(port.beside('BTC/USDT', NOW)).toEqual({ missing: 'unread' });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(await besideOf(port)).toEqual({ missing: 'away' });
    expect(await besideOf(other)).toEqual({ missing: 'away' });
  }, 20_000);

  it('of what is known of one symbol for another', async () => {
    const futures = await fake([fundingRow('BTCUSDT', NOW), fundingRow('ETHUSDT', NOW, { lastFundingRate: 'x' })]);
    futures.answers[OPEN_INTEREST] = (query, response) => {
      const id = query.get('symbol');
      json(id === 'BTCUSDT' ? openInterestRows(id, NOW) : { code: -1130, msg: 'no' }, id === 'BTCUSDT' ? 200 : 400)(
        query,
        response,
      );
    };
    const port = read(futures, ['BTC/USDT', 'ETH/USDT']);
    expect(await besideOf(port)).toMatchObject({ openInterest: { quantity: '20096' } });
    const both = { market: 'ETHUSDT', funding: { missing: 'malformed' }, openInterest: { missing: 'refused' } };
    expect(await besideOf(port, 'ETH/USDT')).toEqual(both);
  });
});

describe('an earlier reading', () => {
  it('stands while the next ones fail, until it is old, and says why then', async () => {
    const futures = await fake();
    const port = read(futures, ['BTC/USDT'], { everyMs: 50 });
    const first = await besideOf(port);
    futures.answers[FUNDING] = json('', 503);
    const before = await counted('funding', 'away');
    await vi.waitFor(async () => expect(await counted('funding', 'away')).toBeGreaterThan(before));
    expect(port.beside('BTC/USDT', NOW + 15 * MINUTE_MS)).toEqual(first);
    // Open interest is told of less often, and stands for longer.
    const { market, openInterest: standing } = first as Perpetual;
    const later = { market, funding: { missing: 'away' }, openInterest: standing };
    expect(port.beside('BTC/USDT', NOW + 15 * MINUTE_MS + 1)).toEqual(later);
  });

  it('of funding ends when that is paid, and of open interest within an hour', async () => {
    const futures = await fake([fundingRow('BTCUSDT', NOW, { nextFundingTime: NOW + MINUTE_MS })]);
    const port = read(futures);
    await besideOf(port);
    expect(port.beside('BTC/USDT', NOW + MINUTE_MS - 1)).toMatchObject({ fundingRate: '0.0001' });
    expect(port.beside('BTC/USDT', NOW + MINUTE_MS)).toMatchObject({
      funding: { missing: 'stale' },
      openInterest: { quantity: '20096' },
    });
    expect(port.beside('BTC/USDT', NOW + 56 * MINUTE_MS)).toEqual({ missing: 'stale' });
  });
});

describe('asked to be left alone', () => {
  it.each([
    [429, { 'retry-after': '600' }],
    [418, { 'Retry-After': '120' }],
    [429, { 'retry-after': 'soon' }],
    [418, {}],
  ])('by %i it asks nothing more meanwhile (%o)', async (status, headers) => {
    const futures = await fake();
    futures.answers[FUNDING] = json({ code: -1003, msg: 'Too many requests' }, status, headers);
    const port = read(futures, ['BTC/USDT'], { everyMs: 20 });
    expect(await besideOf(port)).toEqual({ missing: 'refused' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(futures.requests).toHaveLength(1);
  });

  it('goes on afterwards', async () => {
    const futures = await fake();
    futures.answers[FUNDING] = json({ code: -1003, msg: 'Too many requests' }, 429, { 'retry-after': '1' });
    const port = read(futures, ['BTC/USDT'], { everyMs: 50 });
    expect(await besideOf(port)).toEqual({ missing: 'refused' });
    futures.answers[FUNDING] = json([fundingRow('BTCUSDT', NOW)]);
    await vi.waitFor(() => expect(port.beside('BTC/USDT', NOW)).toMatchObject({ market: 'BTCUSDT' }), {
      timeout: 5_000,
    });
  });

  it('in the midst of a look ends it: the symbols after it are not asked for', async () => {
    const symbols = Array.from({ length: 50 }, (_, index) => `C${index}/USDT`);
    const futures = await fake(symbols.map((symbol) => fundingRow(symbol.replace('/', ''), NOW)));
    futures.answers[OPEN_INTEREST] = json('', 429, { 'retry-after': '60' });
    const port = read(futures, symbols);
    expect(await besideOf(port, 'C49/USDT')).toMatchObject({
      fundingRate: '0.0001',
      openInterest: { missing: 'refused' },
    });
    expect(futures.requests.length).toBeLessThanOrEqual(1 + 4);
  });
});

it('away for five looks in a row is an open breaker, which status and health name', async () => {
  const futures = await fake();
  futures.answers[OPEN_INTEREST] = json('', 503);
  const port = read(futures, ['BTC/USDT'], { everyMs: 20 });
  expect(await besideOf(port)).toMatchObject({ fundingRate: '0.0001', openInterest: { missing: 'away' } });
  await vi.waitFor(() => expect(breakerStates()['exchange/perpetuals']).toBe('open'), { timeout: 5_000 });
  expect(port.beside('BTC/USDT', NOW)).toMatchObject({ fundingRate: '0.0001', openInterest: { missing: 'away' } });
});

it('nothing is asked for once it is closed', async () => {
  const futures = await fake();
  const port = read(futures, ['BTC/USDT'], { everyMs: 20 });
  await besideOf(port);
  port.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { length } = futures.requests;
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(futures.requests).toHaveLength(length);
});
