import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CycleRecord } from '../../contracts/cycle.ts';
import type { Prices } from '../../domain/market/prices.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { abstain } from '../../domain/signals/signals.ts';
import { freeAnswer } from '../../trading/agents/port.ts';
import { cycleRecord } from '../support/books.ts';
import { startTimeSkipping } from '../support/temporal.ts';
import {
  byFunction,
  type CycleWorkers,
  configuration,
  HOUR_MS,
  type Left,
  NOW,
  prices,
  type Situation,
  startCycleWorkers,
  views,
  why,
} from './both-cycles.ts';

let environment: TestWorkflowEnvironment;
let workers: CycleWorkers;
beforeAll(async () => {
  environment = await startTimeSkipping();
  workers = await startCycleWorkers(environment);
});
afterAll(async () => {
  await workers.close();
  await environment.teardown();
});

const halted: Prices = { ...prices, symbols: prices.symbols.map((each) => ({ ...each, status: 'HALT' })) };
const abstention = (agentId: string, reason: 'no_signal' | 'unavailable') =>
  freeAnswer({ agentId, model: 'm', version: '1' }, abstain(agentId, configuration.symbols, reason, 'nothing to say'));
/** A cycle of before, so many times. */
const earlier = (count: number, changes: Partial<CycleRecord>) =>
  Array.from({ length: count }, (_, index) =>
    cycleRecord({
      cycleId: `before/${index}`,
      snapshot: { snapshotId: 's', takenAt: NOW, venue: 'binance', mids: {} },
      ...changes,
    }),
  );
const reasonsIn = ({ answers }: CycleRecord) =>
  answers.map(({ agentId, opinions: [first] }) => [agentId, first?.kind === 'abstention' ? first.reason : 'signal']);

/** All of a record but when it was made, by which run, how long agents took, and the age of prices, which goes on while the lock is waited for. */
function decisionOf({ startedAt: _s, finishedAt: _f, runId: _r, plan, answers, ...record }: CycleRecord) {
  const verdicts = plan?.verdicts.map(({ code, symbol, before, after }) => ({ code, symbol, before, after }));
  const timeless = answers.map((answer) => ({ ...answer, latencyMs: 0 }));
  return { ...record, answers: timeless, plan: plan && { ...plan, verdicts } };
}

async function both(situation: Situation, real = false): Promise<Left> {
  const cycleId = `cycle/main/${randomUUID()}`;
  const durable = await workers.byWorkflow(situation, cycleId, real);
  const plain = await byFunction(situation, cycleId, real);
  expect({ ...plain, record: decisionOf(plain.record) }).toEqual({ ...durable, record: decisionOf(durable.record) });
  return plain;
}

const situations: [string, Situation, string, Partial<Record<'legs' | 'code', unknown>>][] = [
  ['buys what is expected to rise', {}, 'COMPLETED', { legs: 2 }],
  ['buys nothing of what is expected to fall', { deepseek: views(-0.02) }, 'NO_TRADE', { legs: 0 }],
  [
    'has no view where nobody has',
    { deepseek: async () => abstention('deepseek', 'no_signal') },
    'NO_TRADE',
    { legs: 0 },
  ],
  ['is halted before it looks', { prepare: ({ control }) => control.raiseHalt(why) }, 'HALTED', { legs: undefined }],
  [
    'decides nothing on stale prices',
    { prices: { ...prices, takenAt: NOW - HOUR_MS } },
    'NO_TRADE',
    { legs: 0, code: 'MarketDataStale' },
  ],
  ['leaves a paused symbol alone', { prices: halted }, 'NO_TRADE', { legs: 0, code: 'SymbolNotTrading' }],
  [
    'is refused by a limit',
    { prepare: ({ risk }) => risk.change({ ...why, settings: { maxOrderNotional: '20' } }) },
    'COMPLETED',
    { legs: 2, code: 'OrderNotional' },
  ],
  ['sends an order that the exchange refuses', { state: 'rejected' }, 'DEGRADED', { legs: 2 }],
  [
    'is cut short where the market cannot be read',
    { snapshot: () => Promise.reject(new Error('the exchange is away')) },
    'DEGRADED',
    { legs: undefined },
  ],
];

describe('a cycle that is a workflow and one that is a function decide the same', () => {
  it.each(situations)('and %s', async (_name, situation, outcome, { legs, code }) => {
    const { record } = await both(situation);
    expect(record.outcome).toBe(outcome);
    expect(record.plan?.legs.length).toBe(legs);
    if (code !== undefined) expect(record.plan?.verdicts.map((verdict) => verdict.code)).toContain(code);
  });

  it('after a debate, in which one of two changes its mind', async () => {
    const { record } = await both({
      qwen: (request, signal) => views(request.others ? 0.02 : -0.02)(request, signal),
      prepare: ({ policy }) => policy.change({ ...why, requestId: 'debate', settings: { debate: true } }),
    });
    expect(record.answers.map(({ before }) => before?.length)).toEqual([2, 2]);
    expect(record.consensus?.symbols.map(({ direction }) => direction)).toEqual(['up', 'up']);
  });

  it('without an agent that is left alone', async () => {
    const failed = earlier(3, { answers: [abstention('qwen', 'unavailable')] });
    const { record } = await both({
      qwen: () => Promise.reject(new Error('not to be asked')),
      prepare: async ({ cycles }) => {
        for (const one of failed) await cycles.record(one);
      },
    });
    expect(reasonsIn(record)).toEqual([
      ['deepseek', 'signal'],
      ['qwen', 'cooling_down'],
    ]);
    expect(record.outcome).toBe('DEGRADED');
    expect(record.summary).toMatch(
      /^2 signals without qwen \(cooling_down: left alone after 3 failures in a row until \S+: unavailable: nothing to say\); /,
    );
  });

  it('without an agent that is late', async () => {
    const { record } = await both({
      qwen: () => new Promise(() => {}),
      prepare: ({ policy }) => policy.change({ ...why, requestId: 'late', settings: { deadlineSeconds: 1 } }),
    });
    expect(reasonsIn(record)).toEqual([
      ['deepseek', 'signal'],
      ['qwen', 'timeout'],
    ]);
    expect(record.outcome).toBe('DEGRADED');
  });

  it('and mark equity while trading is halted, at prices of now', async () => {
    const { record } = await both({ prepare: ({ control }) => control.raiseHalt(why) });
    expect(record).toMatchObject({ outcome: 'HALTED', equity: '10000', prices: { takenAt: prices.takenAt } });
  });

  it('and halt by the loss limit', async () => {
    const [richer] = earlier(1, { equity: tagged('20000'), currency: 'USDT' });
    const { record, tradingState, haltReason } = await both({
      prepare: async ({ cycles }) => richer && cycles.record(richer),
    });
    expect(record).toMatchObject({ outcome: 'HALTED', plan: { legs: [], restriction: { to: 'halted' } } });
    expect([tradingState, haltReason]).toEqual(['halted', expect.stringContaining('DailyLoss')]);
  });

  it('and have an order filled by the exchange, with the same fills and books', async () => {
    const { record, balances, venueBalances } = await both({}, true);
    expect(record.outcome).toBe('COMPLETED');
    expect(record.orders.map(({ state }) => state)).toEqual(['filled', 'filled']);
    expect(record.fills.length).toBeGreaterThanOrEqual(2);
    const held = (balances as { asset: string; free: string }[]).map(({ asset, free }) => [asset, free]);
    expect(Object.fromEntries(held)).toEqual(venueBalances);
  });
});
