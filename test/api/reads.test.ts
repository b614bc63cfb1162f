import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configurationSchema, configuredParticipation, configuredPolicy } from '../../contracts/config/schema.ts';
import type { MarketSnapshot } from '../../domain/market/market.ts';
import {
  cycleRecord,
  fund,
  leg,
  temporaryFolder,
  temporaryJournal,
  temporaryMarketBuffer,
  trade,
} from '../support/books.ts';
import { testApi } from './harness.ts';

const configuration = configurationSchema.parse({});

/** Books of an account that holds something. */
async function books() {
  const journal = await temporaryJournal();
  await journal.policy.adopt('main', configuredPolicy(configuration));
  await journal.participation.seed(configuredParticipation(configuration));
  await fund(journal);
  await trade(journal, leg());
  return journal;
}

async function apiOver(journal: Awaited<ReturnType<typeof books>>, more: Parameters<typeof testApi>[0] = {}) {
  return testApi({ journal: async () => journal, ...more });
}

const routes = [
  '/api/system-status',
  '/api/v1/status',
  '/api/health-metrics',
  '/api/v1/health',
  '/api/v1/portfolio',
  '/api/v1/positions',
  '/api/v1/orders',
  '/api/v1/orders?open=true',
  '/api/v1/fills',
  '/api/v1/trades',
  '/api/v1/risk',
  '/api/v1/policy',
  '/api/v1/candles?symbol=BTC/USDT',
  '/api/v1/cycles',
  '/api/v1/cycles/cycle%2Fmain%2F1',
  '/api/v1/agents',
  '/api/v1/agents/scores',
  '/api/v1/agents/weights',
  '/api/v1/agents/costs',
  '/api/v1/reports',
  '/api/v1/reports/pnl-days',
  '/api/v1/incidents',
];

describe('with everything away', () => {
  it.each(routes)('%s answers what it can, and why the rest is missing', async (url) => {
    const { ask } = await testApi();
    const reply = await ask('GET', url);
    expect([reply.statusCode, reply.json()]).toMatchObject([200, { account: 'main', mode: 'paper', demo: false }]);
    const { degraded, data } = reply.json();
    if (url === '/api/v1/reports') expect(data.length).toBeGreaterThan(5);
    else expect(degraded[0].reason).toMatch(/^No .* answers here\.$/);
  });

  it('the status still says of each process how it is', async () => {
    const { ask } = await testApi();
    const { data, degraded } = (await ask('GET', '/api/system-status')).json();
    expect(degraded.map(({ part }: { part: string }) => part)).toEqual(['journal', 'temporal']);
    expect(data.services).toContainEqual(expect.objectContaining({ name: 'temporal', healthy: false }));
    expect(data.control).toBeUndefined();
  });
});

describe('with the books there, and Temporal, the warehouse and the market buffer away', () => {
  it.each(routes)('%s answers', async (url) => {
    const journal = await books();
    await journal.cycles.record(cycleRecord());
    const { ask } = await apiOver(journal);
    expect((await ask('GET', url)).statusCode).toBe(200);
    await journal.close();
  });

  it('shows the portfolio as the command does, and what it does not know of the exits', async () => {
    const journal = await books();
    const { ask } = await apiOver(journal);
    const portfolio = (await ask('GET', '/api/v1/portfolio')).json();
    expect(portfolio.degraded).toEqual([]);
    expect(portfolio.data).toMatchObject({
      account: 'main',
      currency: 'USDT',
      balances: [
        { asset: 'BTC', free: '0.01' },
        { asset: 'USDT', free: '9400' },
      ],
      positions: [{ symbol: 'BTC/USDT', quantity: '0.01', averageCost: '60000' }],
      paidIn: '10000',
    });
    const positions = (await ask('GET', '/api/v1/positions')).json();
    expect(positions.degraded).toEqual([{ part: 'temporal', reason: 'No Temporal answers here.' }]);
    expect(positions.data).toMatchObject([{ symbol: 'BTC/USDT' }]);
    expect(positions.data[0]).not.toHaveProperty('exits');
    const trades = (await ask('GET', '/api/v1/trades?open=true')).json();
    expect([trades.degraded.length, trades.data]).toMatchObject([1, [{ symbol: 'BTC/USDT', bought: '0.01' }]]);
    expect((await ask('GET', '/api/v1/fills')).json().data).toMatchObject([{ price: '60000', side: 'buy' }]);
    await journal.close();
  });

  it('has a reader that knows it send nothing again', async () => {
    const journal = await books();
    const { ask } = await apiOver(journal);
    const first = await ask('GET', '/api/v1/portfolio');
    const etag = String(first.headers['etag']);
    expect(first.headers['cache-control']).toBe('private, no-cache');
    const again = await ask('GET', '/api/v1/portfolio', { headers: { 'if-none-match': etag } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    await trade(
      journal,
      leg({ legId: 'sph000000000000000000000002', side: 'sell', purpose: 'flatten', limitPrice: '50000' }),
    );
    const changed = await ask('GET', '/api/v1/portfolio', { headers: { 'if-none-match': etag } });
    expect(changed.statusCode).toBe(200);
    await journal.close();
  });

  it('gives cycles page by page, each once, whatever ends meanwhile', async () => {
    const journal = await books();
    const finish = (count: number, finishedAt: number) =>
      journal.cycles.record(cycleRecord({ cycleId: `cycle/main/${count}`, finishedAt }));
    // Three of them in one millisecond.
    for (const [count, at] of [10, 20, 20, 20, 30, 40, 50].entries()) await finish(count, at);
    const { ask } = await apiOver(journal);
    const seen: string[] = [];
    let next: string | undefined;
    for (let pages = 0; pages < 10; pages += 1) {
      const { data, degraded } = (
        await ask('GET', `/api/v1/cycles?limit=2${next ? `&cursor=${encodeURIComponent(next)}` : ''}`)
      ).json();
      // Of what is older than the books nobody tells.
      expect(degraded.map(({ part }: { part: string }) => part)).toEqual(['warehouse']);
      seen.push(...data.items.map(({ id }: { id: string }) => id));
      if (pages === 0) await finish(99, 60);
      next = data.next;
      if (next === undefined) break;
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map((count) => `cycle/main/${count}`));
    await journal.close();
  });

  it.each([
    '/api/v1/cycles?limit=0',
    '/api/v1/cycles?limit=201',
    '/api/v1/cycles?cursor=nothing',
    '/api/v1/orders?open=perhaps',
    '/api/v1/candles?symbol=BTC',
    '/api/v1/candles',
    '/api/v1/logs',
    '/api/v1/trades?since=yesterday',
  ])('refuses %s', async (url) => {
    const { ask } = await testApi();
    const reply = await ask('GET', url);
    expect([reply.statusCode, reply.json().code]).toEqual([400, 'InvalidInput']);
  });

  it.each([
    ['/api/v1/cycles/nothing', 'CycleUnknown'],
    ['/api/v1/incidents/nothing', 'NoSuchIncident'],
    ['/api/v1/reports/nothing', 'NoSuchReport'],
    ['/api/v1/candles?symbol=DOGE/USDT', 'NoSuchSymbol'],
    ['/api/v1/logs?correlation=nothing', 'NoSuchCorrelation'],
  ])('knows that nothing is at %s', async (url, code) => {
    const journal = await books();
    const { ask } = await apiOver(journal);
    const reply = await ask('GET', url);
    expect([reply.statusCode, reply.json().code]).toEqual([404, code]);
    await journal.close();
  });

  it('shows the trail of a cycle whole, and as lines', async () => {
    const journal = await books();
    await journal.cycles.record(cycleRecord({ summary: 'nothing to do' }));
    const { ask } = await apiOver(journal);
    const { data } = (await ask('GET', '/api/v1/cycles/cycle%2Fmain%2F1')).json();
    expect(data).toMatchObject({ cycleId: 'cycle/main/1', source: 'journal', outcome: 'NO_TRADE' });
    expect(data.text).toContain('nothing to do');
    await journal.close();
  });

  it('finds the lines of one id, and says how many older ones it left out', async () => {
    const folder = temporaryFolder();
    const lines = Array.from({ length: 2_003 }, (_, count) =>
      JSON.stringify({
        time: '2026-01-05T10:00:00Z',
        level: 'info',
        process: 'workers/cycles',
        msg: `line ${count}`,
        correlationId: 'c1',
      }),
    );
    writeFileSync(join(folder, 'workers-cycles.log'), `${lines.join('\n')}\n`);
    const { ask } = await testApi({ logFolder: folder });
    const { data } = (await ask('GET', '/api/v1/logs?correlation=c1')).json();
    expect([data.leftOut, data.lines.length, data.lines.at(-1)]).toMatchObject([3, 2_000, { message: 'line 2002' }]);
  });

  it('draws the candles that the newest cycle saw, with our fills since', async () => {
    const journal = await books();
    const market = await temporaryMarketBuffer();
    const candle = { open: '1', high: '2', low: '1', close: '2', volume: '3' };
    const snapshot = {
      snapshotId: '1',
      venue: 'binance',
      mode: 'paper',
      takenAt: 180_000,
      symbols: [
        {
          instrument: { symbol: 'BTC/USDT' },
          candles: [0, 60_000].map((openAt) => ({ openAt, ...candle })),
          book: { bids: [], asks: [] },
        },
      ],
    } as unknown as MarketSnapshot;
    await market.keep({ sha256: 'one', json: JSON.stringify(snapshot), neededUntilAt: Date.now() + 60_000 });
    const { ask } = await apiOver(journal, { market: async () => market });
    const { data, degraded } = (await ask('GET', '/api/v1/candles?symbol=BTC/USDT')).json();
    expect(degraded).toEqual([]);
    expect(data).toMatchObject({ timeframe: '1m', seenAt: 180_000, candles: [{ openAt: 0 }, { openAt: 60_000 }] });
    expect(data.fills).toMatchObject([{ symbol: 'BTC/USDT', filledAt: 1_000 }]);
    const other = (await ask('GET', '/api/v1/candles?symbol=ETH/USDT')).json();
    expect(other.data).toBeNull();
    await market.close();
    await journal.close();
  });

  it('is told of a part that does not answer in its time', async () => {
    const { ask } = await testApi({ journal: () => new Promise(() => {}) });
    const { data, degraded } = (await ask('GET', '/api/v1/policy')).json();
    expect([data, degraded]).toEqual([null, [{ part: 'journal', reason: 'it did not answer within 5 s.' }]]);
  });

  it('hides no mistake of our own behind what is away', async () => {
    const broken = async (): Promise<never> => {
      throw new TypeError('a mistake');
    };
    const { ask } = await testApi({ journal: broken });
    expect((await ask('GET', '/api/v1/policy')).statusCode).toBe(500);
  });
});

it('books that were closed under it are away', async () => {
  const journal = await books();
  const { ask } = await apiOver(journal);
  await journal.close();
  const { degraded } = (await ask('GET', '/api/v1/portfolio')).json();
  expect(degraded).toMatchObject([{ part: 'journal' }]);
});
