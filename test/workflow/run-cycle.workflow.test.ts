import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPortfolioActivities } from '../../activities/portfolio/index.ts';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import type { CycleRecord, OrderResult } from '../../contracts/cycle.ts';
import type { LegProgress } from '../../contracts/order.ts';
import { agentTaskQueue, TaskQueue } from '../../contracts/task-queues.ts';
import { intentId } from '../../contracts/workflow-ids.ts';
import { defaultParticipation } from '../../domain/consensus/participation.ts';
import type { MarketSnapshot } from '../../domain/market/market.ts';
import { type Prices, pricesIn } from '../../domain/market/prices.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { AgentAnswer, Opinion } from '../../domain/signals/signals.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { createWorker } from '../../runtime/temporal.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { consensusOfCycle } from '../../trading/decide/consensus.ts';
import { type CycleTools, runCycle } from '../../trading/decide/run-cycle.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { snapshot as market } from '../domain/portfolio/plan.ts';
import { fund, temporaryJournal } from '../support/books.ts';
import { startTimeSkipping } from '../support/temporal.ts';

const NOW = Date.now();
const HOUR_MS = 3_600_000;
const logger = pino({ level: 'silent' });
const configuration = parseConfiguration({ symbols: ['BTC/USDT', 'ETH/USDT'] }, 'the test');
const snapshot: MarketSnapshot = { ...market, takenAt: NOW };
const why = { requestId: 'r', account: 'main', by: 'ann', reason: 'test' };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

/** Of market, agent, exchange and books, what both cycles meet. */
interface Situation {
  expectedReturn?: number;
  abstains?: boolean;
  snapshot?: () => Promise<MarketSnapshot>;
  prices?: Prices;
  prepare?: (journal: Journal) => Promise<unknown>;
  /** What becomes of each order. */
  state?: OrderResult['state'];
}

const prices = pricesIn(snapshot);
const halted: Prices = { ...prices, symbols: prices.symbols.map((each) => ({ ...each, status: 'HALT' })) };

async function booksFor({ prepare }: Situation): Promise<Journal> {
  const journal = await temporaryJournal(() => NOW);
  await fund(journal);
  await journal.participation.seed({ deepseek: { ...defaultParticipation('deepseek'), cap: 1 } });
  await journal.policy.adopt('main', configuredPolicy(configuration));
  await journal.policy.change({ ...why, settings: { quorumCount: 1, quorumWeight: 0, maxGroupShare: 1 } });
  await prepare?.(journal);
  return journal;
}

function answerOf({ expectedReturn = 0.02, abstains = false }: Situation): AgentAnswer {
  const opinions = configuration.symbols.map((symbol): Opinion => {
    if (abstains)
      return { kind: 'abstention', agentId: 'deepseek', symbol, reason: 'no_signal', detail: 'nothing to say' };
    const isUp = expectedReturn > 0;
    return {
      kind: 'signal',
      agentId: 'deepseek',
      symbol,
      probabilities: { up: isUp ? 0.9 : 0.05, flat: 0.05, down: isUp ? 0.05 : 0.9 },
      expectedReturn,
      uncertainty: 0.01,
      conviction: 0.9,
      horizonMs: HOUR_MS,
      validUntilAt: NOW + HOUR_MS,
      rationale: 'as scripted',
      evidence: [],
    };
  });
  return { agentId: 'deepseek', opinions, model: 'm', version: '1', latencyMs: 1, tokens: 0, costUsd: '0' };
}

function resultOf({ state = 'filled' }: Situation, leg: OrderLeg): OrderResult {
  const { legId, symbol, side, quantity, limitPrice } = leg;
  const filledQuantity = state === 'filled' ? quantity : '0';
  return { legId, intentId: intentId(legId, 1), symbol, side, state, quantity, filledQuantity, limitPrice, detail: '' };
}

/** What both cycles call. */
function stepsOf(situation: Situation, journal: Journal) {
  return {
    takeSnapshot: situation.snapshot ?? (async () => snapshot),
    readPrices: async () => situation.prices ?? prices,
    formConsensus: (request: ConsensusRequest): Promise<Consensus> =>
      consensusOfCycle(journal, 'main', request, { formedBy: 'coordinator', formedAt: NOW }),
    exchangeTime: async () => NOW,
  };
}

async function byWorkflow(situation: Situation, cycleId: string): Promise<CycleRecord> {
  const journal = await booksFor(situation);
  const { exchangeTime, ...steps } = stepsOf(situation, journal);
  const readSnapshot: CycleTools['market']['readSnapshot'] = async () => snapshot;
  const portfolio = createPortfolioActivities({ journal, configuration, exchangeTime, readSnapshot, logger });
  const ended = async (leg: OrderLeg): Promise<LegProgress> => {
    return { result: resultOf(situation, leg), working: false, restUntil: 0 };
  };
  const activities = { ...portfolio, ...steps, askAgent: async () => answerOf(situation), placeOrder: ended };
  const bundle = await workflowBundle();
  const workers = await Promise.all(
    [TaskQueue.cycles, TaskQueue.execution, agentTaskQueue('deepseek')].map((taskQueue) =>
      createWorker({}, { connection: environment.nativeConnection, taskQueue, activities, workflowBundle: bundle }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  try {
    await environment.client.workflow.execute('tradingCycle', {
      workflowId: cycleId,
      taskQueue: TaskQueue.cycles,
      args: [],
    });
    return await recordIn(journal, cycleId);
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await journal.close();
  }
}

async function byFunction(situation: Situation, cycleId: string): Promise<CycleRecord> {
  const journal = await booksFor(situation);
  const { exchangeTime, takeSnapshot, readPrices, formConsensus } = stepsOf(situation, journal);
  await runCycle(
    {
      clock: { now: () => NOW },
      market: { exchangeTime, snapshot: takeSnapshot, prices: readPrices, readSnapshot: async () => snapshot },
      agents: { ask: async () => [answerOf(situation)] },
      coordinator: { formConsensus },
      venue: { execute: async (_terms, { legs }) => ({ orders: legs.map((leg) => resultOf(situation, leg)) }) },
      latch: { stop: () => Promise.reject(new Error('not to be asked')) },
      journal,
      configuration,
      logger,
    },
    { cycleId, nominalAt: NOW, input: {} },
  );
  const record = await recordIn(journal, cycleId);
  await journal.close();
  return record;
}

async function recordIn(journal: Journal, cycleId: string): Promise<CycleRecord> {
  const record = await journal.cycles.find(cycleId);
  if (!record) throw new Error('the cycle left no record');
  return record;
}

/** All of a record but when it was made, by which run, and the age of prices, which goes on while the lock is waited for. */
function decisionOf({ startedAt: _s, finishedAt: _f, runId: _r, plan, ...record }: CycleRecord) {
  const verdicts = plan?.verdicts.map(({ code, symbol, before, after }) => ({ code, symbol, before, after }));
  return { ...record, plan: plan && { ...plan, verdicts } };
}

const situations: [string, Situation, string, Partial<Record<'legs' | 'code', unknown>>][] = [
  ['buys what is expected to rise', {}, 'COMPLETED', { legs: 2 }],
  ['buys nothing of what is expected to fall', { expectedReturn: -0.02 }, 'NO_TRADE', { legs: 0 }],
  ['has no view where nobody has', { abstains: true }, 'NO_TRADE', { legs: 0 }],
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
    const cycleId = `cycle/main/${randomUUID()}`;
    const [durable, plain] = [await byWorkflow(situation, cycleId), await byFunction(situation, cycleId)];
    expect(decisionOf(plain)).toEqual(decisionOf(durable));
    expect(plain.outcome).toBe(outcome);
    expect(plain.plan?.legs.length).toBe(legs);
    if (code !== undefined) expect(plain.plan?.verdicts.map((verdict) => verdict.code)).toContain(code);
  });
});
