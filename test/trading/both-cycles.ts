import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { createAgentActivities } from '../../activities/agents/index.ts';
import { createOrderActivities } from '../../activities/orders/index.ts';
import { createPortfolioActivities } from '../../activities/portfolio/index.ts';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import type { CycleRecord, OrderResult } from '../../contracts/cycle.ts';
import type { LegProgress } from '../../contracts/order.ts';
import { agentTaskQueue, TaskQueue } from '../../contracts/task-queues.ts';
import { intentId, TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { defaultParticipation } from '../../domain/consensus/participation.ts';
import type { MarketSnapshot, SymbolSnapshot } from '../../domain/market/market.ts';
import { type Prices, pricesIn } from '../../domain/market/prices.ts';
import type { Quantity } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { SeatId } from '../../domain/signals/agents.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { createWorker } from '../../runtime/temporal.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { type Agent, freeAnswer } from '../../trading/agents/port.ts';
import { wallClock } from '../../trading/clock.ts';
import { consensusOfCycle } from '../../trading/decide/consensus.ts';
import { cycleInProcess } from '../../trading/decide/in-process.ts';
import { type CycleTools, runCycle } from '../../trading/decide/run-cycle.ts';
import { createOrderEvents } from '../../trading/execute/order-events.ts';
import type { TradingPort } from '../../venues/port.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { snapshot as market } from '../domain/portfolio/plan.ts';
import { fund, temporaryJournal } from '../support/books.ts';
import { typed } from '../support/plain.ts';
import { simulatedVenue } from '../support/simulated.ts';

/*
 * One cycle in one situation, by the workflow and by the function, each with books of its own.
 */

export const NOW = Date.now();
export const HOUR_MS = 3_600_000;
const ASKED: readonly SeatId[] = ['deepseek', 'qwen'];
const logger = pino({ level: 'silent' });
export const configuration = parseConfiguration({ demo: true, symbols: ['BTC/USDT', 'ETH/USDT'] }, 'the test');
export const snapshot: MarketSnapshot = { ...market, takenAt: NOW };
export const prices: Prices = pricesIn(snapshot);
export const why = { requestId: 'r', account: 'main', by: 'ann', reason: 'test' };

/** Of market, agents, exchange and books, what both cycles meet. */
export interface Situation {
  deepseek?: Agent['answer'];
  /** Takes no part where it says nothing. */
  qwen?: Agent['answer'];
  snapshot?: () => Promise<MarketSnapshot>;
  prices?: Prices;
  prepare?: (journal: Journal) => Promise<unknown>;
  /** What becomes of each order, where none reaches the exchange. */
  state?: OrderResult['state'];
}

/** What a cycle left behind. */
export interface Left {
  record: CycleRecord;
  tradingState: string;
  haltReason: string;
  balances: unknown;
  positions: unknown;
  venueBalances: unknown;
}

/** A view of every symbol. */
export function views(expectedReturn: number): Agent['answer'] {
  const isUp = expectedReturn > 0;
  return async ({ snapshot: { symbols, takenAt }, horizonMs }) =>
    freeAnswer(
      { agentId: 'deepseek', model: 'm', version: '1' },
      symbols.map(({ instrument: { symbol } }) => ({
        kind: 'signal',
        agentId: 'deepseek',
        symbol,
        probabilities: { up: isUp ? 0.9 : 0.05, flat: 0.05, down: isUp ? 0.05 : 0.9 },
        expectedReturn,
        uncertainty: 0.01,
        conviction: 0.9,
        horizonMs,
        validUntilAt: takenAt + horizonMs,
        rationale: 'as scripted',
        evidence: [],
      })),
    );
}

/** The same words, signed by another. */
export function as(agentId: SeatId, answer: Agent['answer']): Agent['answer'] {
  return async (request, signal) => {
    const { opinions, ...rest } = await answer(request, signal);
    return { ...rest, agentId, opinions: opinions.map((opinion) => ({ ...opinion, agentId })) };
  };
}

/** What both cycles are made of. */
async function scene(situation: Situation, real: boolean) {
  const journal = await temporaryJournal(() => NOW);
  await fund(journal);
  const { trading } = await simulatedVenue({ USDT: '10000' }, () => NOW);
  const { deepseek = views(0.02), qwen } = situation;
  const agents: Partial<Record<SeatId, Agent>> = {
    deepseek: { id: 'deepseek', answer: deepseek },
    ...(qwen ? { qwen: { id: 'qwen', answer: as('qwen', qwen) } } : {}),
  };
  const seats = (Object.keys(agents) as SeatId[]).map((id) => [id, { ...defaultParticipation(id), cap: 1 }] as const);
  await journal.participation.seed(Object.fromEntries(seats));
  await journal.policy.adopt('main', configuredPolicy(configuration));
  await journal.policy.change({ ...why, settings: { quorumCount: 1, quorumWeight: 0, maxGroupShare: 1 } });
  await situation.prepare?.(journal);
  const seen = real ? await snapshotOf(trading) : snapshot;
  const steps = {
    exchangeTime: async () => NOW,
    takeSnapshot: situation.snapshot ?? (async () => seen),
    readPrices: async () => situation.prices ?? pricesIn(seen),
    readSnapshot: (async () => seen) as CycleTools['market']['readSnapshot'],
    formConsensus: (request: ConsensusRequest): Promise<Consensus> =>
      consensusOfCycle(journal, configuration, request, { formedBy: 'coordinator', formedAt: NOW }),
  };
  return { journal, trading, agents, events: createOrderEvents(), ...steps };
}

type Scene = Awaited<ReturnType<typeof scene>>;

async function leftBy({ journal, trading }: Scene, cycleId: string): Promise<Left> {
  const record = await journal.cycles.find(cycleId);
  if (!record) throw new Error('the cycle left no record');
  const { tradingState, reason } = await journal.control.read('main');
  const [balances, positions] = [await journal.ledger.balances('main'), await journal.ledger.positions('main')];
  await journal.close();
  return {
    record,
    tradingState,
    haltReason: reason,
    balances,
    positions,
    venueBalances: await trading.balances(),
  };
}

function activitiesOf(
  { journal, trading, agents, events, exchangeTime, readSnapshot, ...steps }: Scene,
  situation: Situation,
  real: boolean,
) {
  const ended = async (leg: OrderLeg): Promise<LegProgress> => {
    return { result: resultOf(situation, leg), working: false, restUntil: 0 };
  };
  return {
    ...createPortfolioActivities({ journal, configuration, exchangeTime, readSnapshot, logger }),
    ...createAgentActivities({ agents, readSnapshot, logger }),
    ...createOrderActivities({ journal, trading, events, logger }),
    ...(real ? {} : { placeOrder: ended }),
    ...steps,
  };
}

type Activities = Record<string, (...args: never[]) => unknown>;

export interface CycleWorkers {
  /** @param real whether orders reach the simulated exchange */
  byWorkflow(situation: Situation, cycleId: string, real: boolean): Promise<Left>;
  close(): Promise<void>;
}

/** Workers for one cycle at a time, each in a situation of its own. */
export async function startCycleWorkers({
  client,
  nativeConnection: connection,
}: TestWorkflowEnvironment): Promise<CycleWorkers> {
  const first = await scene({}, false);
  let current: Activities = activitiesOf(first, {}, false);
  await first.journal.close();
  const activities = Object.fromEntries(
    Object.keys(current).map((name) => [name, (...args: never[]) => current[name]?.(...args)]),
  );
  const bundle = await workflowBundle();
  const workers = await Promise.all(
    [TaskQueue.cycles, TaskQueue.execution, ...ASKED.map(agentTaskQueue)].map((taskQueue) =>
      createWorker({}, { connection, taskQueue, activities, workflowBundle: bundle }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  // A latch that nobody runs takes what it is sent all the same.
  const latch = { workflowId: TRADING_CONTROL_ID, taskQueue: 'nobody', args: [{}] };
  const control = await client.workflow.start('tradingControl', latch);
  return {
    async byWorkflow(situation, cycleId, real) {
      const met = await scene(situation, real);
      current = activitiesOf(met, situation, real);
      await client.workflow.execute('tradingCycle', { workflowId: cycleId, taskQueue: TaskQueue.cycles, args: [] });
      return leftBy(met, cycleId);
    },
    async close() {
      await control.terminate();
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    },
  };
}

/** @param real whether orders reach the simulated exchange */
export async function byFunction(situation: Situation, cycleId: string, real: boolean): Promise<Left> {
  const met = await scene(situation, real);
  const { exchangeTime, takeSnapshot, readPrices, readSnapshot, formConsensus, ...parts } = met;
  const tools = cycleInProcess({
    ...parts,
    clock: { ...wallClock, now: () => NOW },
    market: { exchangeTime, snapshot: takeSnapshot, prices: readPrices, readSnapshot },
    coordinator: { formConsensus },
    configuration,
    logger,
  });
  const scripted: CycleTools['venue'] = {
    execute: async (_terms, { legs }) => ({ orders: legs.map((leg) => resultOf(situation, leg)) }),
  };
  await runCycle(real ? tools : { ...tools, venue: scripted }, { cycleId: tagged(cycleId), nominalAt: NOW, input: {} });
  return leftBy(met, cycleId);
}

function resultOf({ state = 'filled' }: Situation, leg: OrderLeg): OrderResult {
  const { legId, symbol, side, quantity, limitPrice } = leg;
  const filledQuantity = state === 'filled' ? quantity : tagged<Quantity>('0');
  return { legId, intentId: intentId(legId, 1), symbol, side, state, quantity, filledQuantity, limitPrice, detail: '' };
}

async function snapshotOf(trading: TradingPort): Promise<MarketSnapshot> {
  const symbols = configuration.symbols.map(async (symbol) => {
    const { bid, ask } = await trading.touch(symbol);
    return typed<SymbolSnapshot>({
      instrument: trading.instrument(symbol),
      candles: [],
      book: { bids: [[bid, '1'] as const], asks: [[ask, '1'] as const] },
    });
  });
  return { ...snapshot, symbols: await Promise.all(symbols) };
}
