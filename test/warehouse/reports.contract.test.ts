import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tagged } from '../../domain/money/tagged.ts';
import { outcomeOf, sumsWith } from '../../domain/scoring/periods.ts';
import { returnSumsWith } from '../../domain/scoring/returns.ts';
import { scoreOf, skillScore } from '../../domain/scoring/scoring.ts';
import { periodOf } from '../../domain/statistics/periods.ts';
import type { NewEvent } from '../../stores/journal/books/outbox.ts';
import { makePage, runReports } from '../../stores/warehouse/pages/make.ts';
import { pageHtml } from '../../stores/warehouse/pages/page.ts';
import { type Cell, reports } from '../../stores/warehouse/reports/index.ts';
import type { Range } from '../../stores/warehouse/reports/query.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { cycleRecord, fill } from '../support/books.ts';
import { type Books, startBooks } from './harness.ts';

const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 10, 2);
const day = (index: number, hour = 12) => FIRST + index * DAY + hour * 3_600_000;
const november: Range = { from: FIRST, to: FIRST + 30 * DAY };

let books: Books;
beforeAll(async () => {
  books = await startBooks();
});
afterAll(() => books.close());

async function run(name: string, range = november): Promise<Record<string, Cell>[]> {
  const [done] = await runReports(
    books.warehouse,
    books.feeds,
    range,
    reports.filter((report) => report.name === name),
  );
  return done?.rows ?? [];
}

function marked(at: number, equity: string, highWater: string, held = '0'): NewEvent {
  const position = { symbol: 'BTC/USDT', quantity: held, averageCost: '100', realizedPnl: '0', dust: '0', openedAt: 0 };
  const payload = {
    account: 'main',
    currency: 'USDT',
    equity,
    dayOpen: equity,
    highWater,
    at,
    balances: [{ asset: 'USDT', free: equity, reserved: '0', dust: '0' }],
    positions: [position],
    prices: { 'BTC/USDT': '110' },
  };
  return { eventId: `equity/${at}`, kind: 'equity.marked', payload };
}

function flow(at: number, value: string): NewEvent {
  const payload = { account: 'main', asset: 'USDT', amount: value, value, at };
  return { eventId: `flow/${at}`, kind: 'capital.deposited', payload };
}

/** A cycle that saw a book of 99 and 101 with thrice as much on the bid, and filled 1 at `price` 250 ms later. */
async function tradedCycle(
  index: number,
  side: 'buy' | 'sell',
  price: string,
  pnl: string,
  costUsd: string,
): Promise<void> {
  const cycleId = `cycle/main/${index}`;
  const takenAt = day(index);
  await books.market.record(
    {
      snapshotId: `s${index}`,
      venue: 'binance',
      mode: 'paper',
      takenAt,
      symbols: [
        {
          instrument: {
            symbol: 'BTC/USDT',
            base: 'BTC',
            quote: 'USDT',
            tickSize: tagged('1'),
            stepSize: tagged('1'),
            minQuantity: tagged('1'),
            minNotional: tagged('1'),
            makerFeeRate: '0',
            takerFeeRate: '0',
          },
          candles: [],
          book: { bids: [[tagged('99'), tagged('3')]], asks: [[tagged('101'), tagged('1')]] },
        },
      ],
    },
    { cycleId: tagged(cycleId), correlationId: cycleId },
  );
  const booked = fill({
    tradeId: String(index),
    side,
    price,
    quantity: '1',
    fee: '0.1',
    feeAsset: 'USDT',
    filledAt: takenAt + 250,
  });
  const record = cycleRecord({
    cycleId,
    outcome: 'COMPLETED',
    startedAt: takenAt,
    finishedAt: takenAt + 400,
    snapshot: { snapshotId: `s${index}`, takenAt, venue: 'binance', mids: { 'BTC/USDT': '100' } },
    answers: [{ agentId: 'qwen', opinions: [], model: 'm', version: '1', latencyMs: 1, tokens: 100, costUsd }],
    orders: [
      {
        legId: `leg${index}`,
        intentId: `leg${index}-1`,
        symbol: 'BTC/USDT',
        side,
        state: 'filled',
        quantity: '1',
        filledQuantity: '1',
        limitPrice: price,
        detail: '',
      },
    ],
    fills: [booked],
  });
  await books.journal.outbox.append([
    {
      eventId: `fill/${index}`,
      kind: 'fill.booked',
      cycleId: tagged(cycleId),
      payload: { ...booked, realizedPnl: pnl },
    },
    { eventId: cycleId, kind: 'cycle.finished', cycleId: tagged(cycleId), payload: record },
  ]);
}

describe('the shipped reports', () => {
  beforeAll(async () => {
    await books.journal.outbox.append([
      flow(day(0, 1), '1000'),
      marked(day(0, 2), '1000', '1000'),
      marked(day(0, 20), '1010', '1010'),
      flow(day(1, 3), '500'),
      marked(day(1, 4), '1510', '1510'),
      marked(day(1, 20), '1434.5', '1510', '2'),
    ]);
    await tradedCycle(0, 'buy', '102', '0', '0.002');
    await tradedCycle(1, 'sell', '98', '-4.2', '0.004');
  });

  it('tell profit and loss by day without what was paid in', async () => {
    expect(await run('pnl-days')).toEqual([
      {
        day: FIRST / DAY,
        equity: '1010',
        pnl: '10',
        realized: '0',
        fees: '0.1',
        flows: '1000',
        turnover: '102',
        fills: 1,
        unknown_fees: 0,
      },
      {
        day: FIRST / DAY + 1,
        equity: '1434.5',
        pnl: '-75.5',
        realized: '-4.2',
        fees: '0.1',
        flows: '500',
        turnover: '98',
        fills: 1,
        unknown_fees: 0,
      },
    ]);
  });

  it('tell equity within the day, by quarters of an hour, and nothing of those without a mark', async () => {
    const rows = await run('equity', { from: FIRST, to: FIRST + DAY });
    expect(rows.length).toBeGreaterThan(0);
    for (const { begins, equity, lowest } of rows) {
      expect((Number(begins) - FIRST) % 900_000).toBe(0);
      expect(Number(equity)).toBeGreaterThanOrEqual(Number(lowest));
    }
    expect(rows.at(-1)).toMatchObject({ equity: '1010' });
  });

  it('begin with the equity of the day before where there is one', async () => {
    const [only] = await run('pnl-days', { from: FIRST + DAY, to: FIRST + 2 * DAY });
    expect(only).toMatchObject({ pnl: '-75.5', flows: '500' });
  });

  it('tell profit and loss by symbol', async () => {
    expect(await run('pnl-symbols')).toEqual([
      {
        symbol: 'BTC/USDT',
        realized: '-4.2',
        unrealized: '20',
        held: '220',
        fees: '0.2',
        turnover: '200',
        fills: 2,
        unknown_fees: 0,
        wins: 0,
      },
    ]);
  });

  it('tell the drawdown as the risk limits see it', async () => {
    const rows = await run('drawdown');
    expect(rows.map(({ worst }) => Number(worst))).toEqual([0, expect.closeTo(0.05, 10)]);
  });

  it('tell what a decision cost', async () => {
    expect(await run('costs')).toEqual([
      { day: FIRST / DAY, decisions: 1, traded: 1, cost: '0.002', per_decision: 0.002, per_trade: 0.002, tokens: 100 },
      {
        day: FIRST / DAY + 1,
        decisions: 1,
        traded: 1,
        cost: '0.004',
        per_decision: 0.004,
        per_trade: 0.004,
        tokens: 100,
      },
    ]);
  });

  it('tell the slippage against arrival, mid and microprice', async () => {
    // The microprice lies at 99 · ¼ + 101 · ¾ = 100.5.
    const [buy, sell] = await run('fills');
    expect(buy).toMatchObject({ side: 'buy', fills: 1, turnover: 102 });
    expect(Number(buy?.['arrival'])).toBeCloseTo((102 / 101 - 1) * 10_000, 6);
    expect(Number(buy?.['mid'])).toBeCloseTo(200, 6);
    expect(Number(buy?.['microprice'])).toBeCloseTo((102 / 100.5 - 1) * 10_000, 6);
    expect(Number(sell?.['arrival'])).toBeCloseTo((1 - 98 / 99) * 10_000, 6);
    expect(Number(sell?.['fee'])).toBeCloseTo((0.1 / 98) * 10_000, 6);
  });

  it('tell the time from signal to execution', async () => {
    const rows = await run('latency');
    expect(rows).toMatchObject([
      { fills: 1, p50: 250, p95: 250, p99: 250, cycle_p50: 400 },
      { fills: 1, p50: 250, cycle_p95: 400 },
    ]);
  });

  it('tell how cycles ended, and what went wrong', async () => {
    await books.journal.control.raiseHalt({ requestId: 'r', account: 'main', reason: 'too hot', by: 'a person' });
    expect(await run('cycles')).toMatchObject([{ completed: 1, no_trade: 0 }, { completed: 1 }]);
    expect(await run('incidents', { from: 0, to: Date.now() + DAY })).toMatchObject([
      { kind: 'trading.halted', severity: 'critical', detail: 'too hot (a person)' },
    ]);
  });

  it('tell where caps decide on most of the sizes', async () => {
    let events = 0;
    const sized = (wanted: number, share: number, boundBy: string[], kind = 'symbol'): NewEvent => {
      events += 1;
      return {
        eventId: `allocation/${events}`,
        kind: 'capital.allocated',
        cycleId: tagged(`cycle/sized/${events}`),
        payload: { portfolio: 'main', kind, symbol: 'BTC/USDT', wanted, share, amount: '1', boundBy },
      };
    };
    const today: Range = { from: 0, to: Date.now() + DAY };
    await books.journal.outbox.append([
      sized(4, 0.3, ['SymbolExposure']),
      sized(2, 0.2, ['SymbolExposure', 'GrossExposure']),
      sized(0.1, 0.1, []),
      // What costs leave nothing of asks for nothing, and a market maker's share is no view's.
      sized(0, 0, []),
      sized(0.5, 0.3, ['SymbolExposure'], 'market_maker'),
    ]);
    const most = await run('sizing', today);
    expect(most).toMatchObject([{ sizes: 3, capped: 2, wanted: 2, allowed: 0.2, note: 'caps decide most sizes' }]);
    expect(most[0]?.['share']).toBeCloseTo(2 / 3, 12);
    await books.journal.outbox.append([sized(0.2, 0.2, [])]);
    expect(await run('sizing', today)).toMatchObject([{ sizes: 4, capped: 2, share: 0.5, note: '' }]);
  });

  it('say the same of the agents as the scores that earn their weights', async () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    /** Half of them of one day, the others of the next. */
    const signals = Array.from({ length: 300 }, (_, index) => {
      const [up, flat] = [random(), random()];
      const down = random();
      const total = up + flat + down;
      return {
        probabilities: { up: up / total, flat: flat / total, down: down / total },
        realisedReturn: Number(((random() - 0.5) * 0.01).toFixed(6)),
        share: 0.25,
        forecast: { expectedReturn: Number(((random() - 0.5) * 0.004).toFixed(6)), uncertainty: 0.003 },
        dueAt: day(index < 150 ? 2 : 3),
      };
    });
    await books.journal.outbox.append(
      signals.map(({ probabilities, realisedReturn, share, forecast, dueAt }, index) => ({
        eventId: `outcome/${index}`,
        kind: 'signal.settled',
        cycleId: tagged(`cycle/main/${index}`),
        payload: {
          account: 'main',
          cycleId: tagged(`cycle/main/${index}`),
          agentId: 'qwen',
          symbol: 'BTC/USDT',
          model: 'm',
          price: '100',
          finalPrice: String(100 * (1 + realisedReturn)),
          dueAt,
          horizonMs: 3_600_000,
          formedAt: dueAt - 3_600_000,
          probabilities,
          share,
          // The last of an earlier release.
          ...(index < 299 ? { ...forecast, conviction: 0.5 } : {}),
        },
      })),
    );
    const range = { from: 0, to: Date.now() + DAY };
    const [row] = await run('agents', range);
    const score = scoreOf(
      [{ symbol: 'BTC/USDT', horizonMs: 3_600_000, endsAt: 3_600_000, sums: sumsWith(signals) }],
      3_600_000,
    );
    // The report’s forecaster knows how often each outcome had come before the day of the signal: on the first day nothing.
    const referenceOf = (place: number): number => {
      const before = sumsWith(place < 150 ? [] : signals.slice(0, 150));
      const came = [before.up, before.down, before.count - before.up - before.down];
      const often = came.map((each) => (each + 1) / (before.count + 3));
      const outcome = outcomeOf(signals[place]?.realisedReturn ?? 0);
      return (
        (1 + often.reduce((sum, each) => sum + each ** 2, 0)) / 2 -
        (often[['up', 'down', 'flat'].indexOf(outcome)] ?? 0)
      );
    };
    const reference = signals.reduce((sum, _, place) => sum + referenceOf(place), 0) / 300;
    expect(row).toMatchObject({ agent: 'qwen', signals: 300 });
    expect(Number(row?.['brier'])).toBeCloseTo(score.brier, 9);
    expect(Number(row?.['skill'])).toBeCloseTo(skillScore(score.brier, reference), 9);
    expect(Number(row?.['hit_rate'])).toBeCloseTo(score.hitRate, 9);
    expect(Number(row?.['calibration_error'])).toBeCloseTo(score.calibrationError, 9);
    const returns = returnSumsWith(signals.slice(0, 299).map((each) => ({ ...each, ...each.forecast })));
    expect(Number(row?.['bias'])).toBeCloseTo(((returns.came - returns.said) / returns.count) * 10_000, 6);
    expect(Number(row?.['correlation'])).toBeCloseTo(
      returns.scoreOutcome / Math.sqrt(returns.scoreSquared * returns.outcomeSquared),
      9,
    );
    expect(Number(row?.['coverage'])).toBeCloseTo(returns.covered / returns.count, 9);
    const [profit] = await run('pnl-agents', range);
    expect(Number(profit?.['contribution'])).toBeCloseTo(score.pnlContribution * 10_000, 6);
    expect((await run('calibration', range)).reduce((total, each) => total + Number(each['signals']), 0)).toBe(300);
  });

  it('say the same of what is exported as of what is not yet', async () => {
    const range = { from: 0, to: Date.now() + DAY };
    const before = await runReports(books.warehouse, books.feeds, range);
    await exportEvents(books.warehouse, books.feeds);
    expect(await runReports(books.warehouse, books.feeds, range)).toEqual(before);
  });

  it('count a fee in a third asset at what it had cost, and say of how many that is not known', async () => {
    const at = day(5);
    const paid = (tradeId: string, feeAsset: string, feeCost?: string): NewEvent => {
      const booked = fill({ tradeId, side: 'buy', price: '100', quantity: '1', fee: '0.001', feeAsset, filledAt: at });
      const cost = feeCost === undefined ? {} : { feeCost };
      return { eventId: `fill/${tradeId}`, kind: 'fill.booked', payload: { ...booked, realizedPnl: '0', ...cost } };
    };
    await books.journal.outbox.append([
      paid('third', 'BNB', '0.6'),
      paid('base', 'BTC'),
      paid('quote', 'USDT'),
      paid('of before', 'BNB'),
    ]);
    const range = { from: day(5, 0), to: day(6, 0) };
    const wanted = [{ fees: '0.701', fills: 4, unknown_fees: 1 }];
    expect(await run('pnl-days', range)).toMatchObject(wanted);
    expect(await run('pnl-symbols', range)).toMatchObject(wanted);
  });

  it('count in a symbol its dust, at what that had cost, and what coins realised that were withdrawn', async () => {
    const at = day(7);
    const flow = {
      account: 'main',
      asset: 'ETH',
      amount: '-1',
      value: '-120',
      symbol: 'ETH/USDT',
      realizedPnl: '20',
      at,
    };
    const dust = {
      symbol: 'ETH/USDT',
      quantity: '0',
      averageCost: '0',
      realizedPnl: '20',
      dust: '0.01',
      dustCost: '1',
    };
    const mark = {
      account: 'main',
      currency: 'USDT',
      equity: '1000',
      dayOpen: '1000',
      highWater: '1000',
      at,
      balances: [],
      positions: [{ ...dust, openedAt: 0 }],
      prices: { 'ETH/USDT': '110' },
    };
    await books.journal.outbox.append([
      { eventId: 'flow/eth', kind: 'capital.withdrawn', payload: flow },
      { eventId: 'mark/eth-1', kind: 'equity.marked', payload: { ...mark, equity: '900', highWater: '1000' } },
      // Of two cycles that read their prices at one moment the later counts.
      { eventId: 'mark/eth-2', kind: 'equity.marked', payload: mark },
    ]);
    const range = { from: day(7, 0), to: day(8, 0) };
    expect(await run('pnl-symbols', range)).toMatchObject([
      { symbol: 'ETH/USDT', realized: '20', unrealized: '0.1', held: '1.1', fees: '0', fills: 0 },
    ]);
    expect(await run('pnl-days', range)).toMatchObject([{ realized: '20', flows: '-120', equity: '1000' }]);
    expect(await run('drawdown', range)).toMatchObject([{ worst: expect.closeTo(0.1, 10), at_end: 0 }]);
  });

  it('count a sale once, however many fills its order had', async () => {
    const sold = (intentId: string, part: string, realizedPnl: string): NewEvent => {
      const tradeId = `${intentId}/${part}`;
      const booked = fill({ tradeId, intentId, side: 'sell', symbol: 'LTC/USDT', fee: '0', filledAt: day(9) });
      return { eventId: `fill/${tradeId}`, kind: 'fill.booked', payload: { ...booked, realizedPnl } };
    };
    await books.journal.outbox.append([
      sold('won-1', 'a', '3'),
      sold('won-1', 'b', '-1'),
      sold('won-1', 'c', '-1'),
      sold('lost-1', 'a', '-5'),
    ]);
    const [row] = await run('pnl-symbols', { from: day(9, 0), to: day(10, 0) });
    expect(row).toMatchObject({ symbol: 'LTC/USDT', realized: '-4', fills: 4, wins: 0.5 });
  });

  it('become a page that stands alone and names the mode', async () => {
    const page = await makePage(
      books.warehouse,
      books.feeds,
      { account: 'main', currency: 'USDT', mode: 'paper', demo: false },
      { period: 'weekly', at: day(1) },
    );
    const html = pageHtml(page);
    expect(html).toContain('<span class="mode paper">paper, agents are believed as far as their own record goes');
    expect(html).toContain('Week from 2026-11-02');
    expect(html.match(/<svg/g)?.length).toBeGreaterThan(4);
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(html).not.toContain('demo');
    expect(pageHtml({ ...page, demo: true })).toMatch(
      /<span class="mode paper">paper, demo: .*lost \d+\.\d % in 28 days/s,
    );
    expect(pageHtml({ ...page, mode: 'live' })).toContain('LIVE: real money');
    expect(pageHtml({ ...page, account: '<img onerror=x>' })).not.toContain('<img');
  });
});

describe('a period', () => {
  it.each([
    ['daily', '2026-11-05T13:00:00Z', '2026-11-05', '2026-11-06'],
    ['weekly', '2026-11-05T13:00:00Z', '2026-11-02', '2026-11-09'],
    ['weekly', '2026-11-02T00:00:00Z', '2026-11-02', '2026-11-09'],
    ['weekly', '2026-11-01T23:59:59Z', '2026-10-26', '2026-11-02'],
    ['monthly', '2026-12-31T23:59:59Z', '2026-12-01', '2027-01-01'],
  ] as const)('%s of %s begins at %s and ends before %s', (period, at, from, to) => {
    const range = periodOf(period, Date.parse(at));
    expect([range.from, range.to].map((each) => new Date(each).toISOString().slice(0, 10))).toEqual([from, to]);
  });
});
