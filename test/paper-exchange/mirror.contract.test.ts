import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import { openExchange } from '../../services/paper-exchange/open.ts';
import { freePort } from '../support/ports.ts';
import { ccxtClient, silent, startTestExchange, type TestExchange, temporaryFolder, until } from './harness.ts';

const symbols = ['ETH/USDT', 'BTC/USDT'];
/** Twenty seconds until what was seen is no price any more, and the next look. */
const AWAY_MS = 60_000;

const market = (venue: TestExchange) => ({
  market: { kind: 'mirror', restUrl: `${venue.url}/api/v3`, pollSeconds: 0.2, historyDays: 1 },
});

interface Told {
  away: { symbol: string; since: number; reason: string }[];
}
const told = async ({ url }: TestExchange): Promise<Told> => (await (await fetch(`${url}/market`)).json()) as Told;

async function statuses({ url }: TestExchange): Promise<Record<string, string>> {
  const answer = (await (await fetch(`${url}/api/v3/exchangeInfo`)).json()) as {
    symbols: { symbol: string; status: string }[];
  };
  return Object.fromEntries(answer.symbols.map(({ symbol, status }) => [symbol, status]));
}

describe('another exchange, by its real protocol', () => {
  let venue: TestExchange;
  let mirror: TestExchange;
  beforeAll(async () => {
    venue = await startTestExchange();
    mirror = await startTestExchange(market(venue), symbols);
  });
  afterAll(async () => {
    await mirror.close();
    await venue.close();
  });

  test('has its symbols, rules, minutes, book and trades here, and no order of ours', async () => {
    const original = ccxtClient(await venue.account('reader'));
    const client = ccxtClient(await mirror.account('mirror'));
    await original.loadMarkets();
    await client.loadMarkets();
    expect(Object.keys(client.markets ?? {})).toEqual(symbols);
    for (const symbol of symbols) {
      const [ours, theirs] = [client.market(symbol), original.market(symbol)];
      expect(ours.precision).toEqual(theirs.precision);
      expect(ours.limits.cost).toEqual(theirs.limits.cost);
      expect(ours.limits.amount).toEqual(theirs.limits.amount);
    }
    const minutesOf = async (one: typeof client) =>
      (await one.fetchOHLCV('BTC/USDT', '1m', undefined, 1_000)).map((row) => row.slice(0, 6));
    const minutes = await minutesOf(client);
    expect(minutes).toHaveLength(1_000);
    // The newest that has ended may still be ours.
    expect(minutes.slice(0, -2)).toEqual((await minutesOf(original)).slice(0, -2));
    // Whole levels of one moment: two looks may fall between ours and theirs.
    await until(async () => {
      const [mine, other] = await Promise.all([
        client.fetchOrderBook('BTC/USDT', 20),
        original.fetchOrderBook('BTC/USDT', 20),
      ]);
      return JSON.stringify([mine.bids, mine.asks]) === JSON.stringify([other.bids, other.asks]) ? true : undefined;
    });
    const ours = await until(async () => {
      const trades = await client.fetchTrades('BTC/USDT');
      return trades.length > 5 ? trades.slice(0, 3) : undefined;
    });
    const theirs = new Set((await original.fetchTrades('BTC/USDT')).map(({ price, amount }) => `${price} ${amount}`));
    for (const { price, amount } of ours) expect(theirs).toContain(`${price} ${amount}`);
    const order = await client.createOrder('BTC/USDT', 'market', 'buy', 0.01);
    expect(order).toMatchObject({ status: 'closed', filled: 0.01 });
    expect(await original.fetchMyTrades('BTC/USDT')).toEqual([]);
  });

  test('that stops trading a symbol, or lists it no more, closes it here and no other', {
    timeout: AWAY_MS,
  }, async () => {
    const { body } = await venue.admin('POST', '/admin/faults', { kind: 'delist-symbol', symbol: 'ETHUSDT' });
    const { id } = body as { id: number };
    await until(async () => ((await told(mirror)).away.length > 0 ? true : undefined), AWAY_MS);
    expect(await statuses(mirror)).toMatchObject({ ETHUSDT: 'BREAK' });
    expect(await statuses(mirror)).toMatchObject({ BTCUSDT: 'TRADING' });
    expect((await told(mirror)).away).toMatchObject([{ symbol: 'ETH/USDT' }]);
    const client = ccxtClient(await mirror.account('delisted'));
    await expect(client.createOrder('ETH/USDT', 'market', 'buy', 0.1)).rejects.toThrow(/Market is closed/);
    await venue.admin('DELETE', `/admin/faults/${id}`);
    await until(async () => ((await told(mirror)).away.length === 0 ? true : undefined), AWAY_MS);
    expect(await statuses(mirror)).toMatchObject({ ETHUSDT: 'TRADING' });
    expect((await told(mirror)).away).toEqual([]);
  });
});

describe('an exchange that goes away', () => {
  test('closes the market, which says why, goes on by itself, and has the minutes that went by', {
    timeout: 3 * AWAY_MS,
  }, async () => {
    const venue = await startTestExchange();
    const mirror = await startTestExchange(market(venue), ['BTC/USDT']);
    try {
      const client = ccxtClient(await mirror.account('away'));
      const resting = await client.createOrder('BTC/USDT', 'limit', 'buy', 0.01, 30_000);
      const { body } = await venue.admin('POST', '/admin/faults', { kind: 'server-error', status: 503 });
      const { id } = body as { id: number };
      await until(async () => ((await told(mirror)).away.length > 0 ? true : undefined), AWAY_MS);
      expect(await statuses(mirror)).toEqual({ BTCUSDT: 'BREAK' });
      await expect(client.createOrder('BTC/USDT', 'market', 'buy', 0.01)).rejects.toThrow(/Market is closed/);
      expect((await told(mirror)).away).toMatchObject([
        { symbol: 'BTC/USDT', reason: expect.stringContaining('-1007') },
      ]);
      // A restart meanwhile needs no answer of it.
      await mirror.restart();
      expect(await statuses(mirror)).toEqual({ BTCUSDT: 'BREAK' });
      // What rests can be taken back.
      await client.cancelOrder(String(resting.id), 'BTC/USDT');
      await venue.admin('DELETE', `/admin/faults/${id}`);
      await until(async () => ((await told(mirror)).away.length === 0 ? true : undefined), AWAY_MS);
      expect(await client.createOrder('BTC/USDT', 'market', 'buy', 0.01)).toMatchObject({ status: 'closed' });
    } finally {
      await mirror.close();
      await venue.close();
    }
  });

  test.each([
    [
      'whose clock is not this machine’s',
      { kind: 'skew-clock', skewMs: 60_000 },
      /this machine's clock is [0-9.]+ s behind its own: set it/,
    ],
    ['that has had too many requests', { kind: 'ban' }, /418/],
  ])('%s is mirrored no more, for that reason', { timeout: 2 * AWAY_MS }, async (_name, fault, reason) => {
    const venue = await startTestExchange();
    const folder = await temporaryFolder();
    try {
      const configuration = paperExchangeSchema.parse({ port: await freePort(), ...market(venue) });
      const file = join(folder, 'paper-exchange.db');
      const opening = { configuration, symbols: ['BTC/USDT'], file, logger: silent };
      await (await openExchange(opening)).exchange.close();
      await venue.admin('POST', '/admin/faults', fault);
      const { exchange, startFeed } = await openExchange(opening);
      await exchange.start();
      const feed = startFeed();
      await feed?.looked;
      expect(feed?.away()).toMatchObject([{ symbol: 'BTC/USDT', reason: expect.stringMatching(reason) }]);
      expect(exchange.simulation.isOpen(0)).toBe(false);
      feed?.stop();
      await exchange.close();
    } finally {
      await venue.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('before there is anything to go on with is the end of the start, with its name and the reason', async () => {
    const away = { kind: 'mirror', symbols, restUrl: 'http://127.0.0.1:9/api/v3' };
    await expect(startTestExchange({ market: away })).rejects.toThrow(
      /binance cannot be mirrored: .*its markets.*Check this machine's network/s,
    );
  });
});

describe('symbols', () => {
  test('that are added later are listed with their past, and what there was goes on', async () => {
    const venue = await startTestExchange();
    const folder = await temporaryFolder();
    try {
      const configuration = paperExchangeSchema.parse({ port: await freePort(), ...market(venue) });
      const open = (wanted: string[]) =>
        openExchange({ configuration, symbols: wanted, file: join(folder, 'paper-exchange.db'), logger: silent });
      const first = await open(['BTC/USDT']);
      await first.exchange.submit({ kind: 'deposit', account: 1, asset: 'USDT', units: 5n }, () => undefined);
      await first.exchange.close();
      for (const wanted of [['ETH/USDT', 'BTC/USDT'], ['SOL/USDT']]) {
        const { exchange } = await open(wanted);
        expect(exchange.simulation.engine.instruments.map(({ symbol }) => symbol).slice(0, 2)).toEqual([
          'BTC/USDT',
          'ETH/USDT',
        ]);
        for (const series of exchange.simulation.series) expect(series.length).toBeGreaterThan(1_400);
        expect(exchange.simulation.engine.balances.of(1, 'USDT').free).toBe(5n);
        await exchange.close();
      }
    } finally {
      await venue.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('that the exchange does not trade are named', async () => {
    const venue = await startTestExchange();
    try {
      await expect(startTestExchange(market(venue), ['BTC/USDT', 'NOPE/USDT'])).rejects.toThrow(
        /binance trades no NOPE\/USDT on its spot market/,
      );
    } finally {
      await venue.close();
    }
  });
});
