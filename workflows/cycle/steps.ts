import {
  ActivityCancellationType,
  ActivityFailure,
  type ActivityOptions,
  isCancellation,
  log,
  patched,
  proxyActivities,
  proxyLocalActivities,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { CoordinatorActivities } from '../../activities/coordinator/index.ts';
import type { MarketActivities } from '../../activities/market/index.ts';
import type { PriceActivities } from '../../activities/portfolio/prices.ts';
import { orOnBooksQueue } from '../../contracts/books.ts';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import type { CycleTerms, TradingCycleInput } from '../../contracts/cycle.ts';
import { type PlanRequest, pricesWanted, type SnapshotRequest } from '../../contracts/cycle-steps.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { type Prices, pricesIn } from '../../domain/market/prices.ts';
import type { CycleSnapshot } from '../../domain/market/snapshot.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import { isDefinite, journalStep, LEAST_MS, localStep } from './journal-step.ts';
import { timeFor } from './time-left.ts';

/** A journal that is away at the start is waited for: what comes of the cycle then, its lateness decides. */
const LONGEST_OPENING_MS = 600_000;
const UNTIL_EXPIRY_MS = 5_000;
/** Where the server sets no end. */
const OPENING_MS = 60_000;

/** A market that cannot be read within seconds is no basis for a decision. */
const marketStep = {
  startToCloseTimeout: '4s',
  heartbeatTimeout: '2s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '250ms', maximumAttempts: 3 },
} as const;

/** Repeat-safe by cycle id. A coordinator that is away is not waited for: the cycle forms its consensus itself then. */
const coordinatorStep = {
  startToCloseTimeout: '3s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '250ms', maximumAttempts: 3 },
  summary: 'consensus by the MCP coordinator',
} as const;

const here = proxyLocalActivities<CoordinatorActivities>(localStep);

/** A consensus takes milliseconds. One that took longer was formed without the coordinator, or by one that is slow. */
const FRESH_MS = 1_000;

/** The terms, or why there are none: the journal was away for so long that nothing could be decided, and nothing was. */
export async function termsOf(
  input: TradingCycleInput,
  startedAt: number,
  expiresAt: number | undefined,
): Promise<CycleTerms | string> {
  const untilExpiryMs = expiresAt === undefined ? OPENING_MS : expiresAt - UNTIL_EXPIRY_MS - startedAt;
  const mostMs = Math.max(1_000, Math.min(LONGEST_OPENING_MS, untilExpiryMs));
  try {
    return await journalStep(mostMs, ({ openCycle }) => openCycle(input, { startedAt, expiresAt }));
  } catch (error) {
    if (isCancellation(error) || isDefinite(error)) throw error;
    return `its terms could not be read for ${Date.now() - startedAt} ms: ${reasonOf(error)}`;
  }
}

export function snapshotOf(
  terms: Pick<CycleTerms, 'endsAt' | 'books'>,
  request: SnapshotRequest,
): Promise<CycleSnapshot> {
  const take = (queue: Pick<ActivityOptions, 'taskQueue' | 'scheduleToStartTimeout'>): Promise<CycleSnapshot> =>
    proxyActivities<MarketActivities>({
      ...marketStep,
      ...queue,
      scheduleToCloseTimeout: timeFor('snapshot', terms),
      summary: 'one snapshot for all agents',
    }).takeSnapshot(request);
  // The market buffer is where the books are.
  const onQueue = (): Promise<CycleSnapshot> =>
    take({ taskQueue: TaskQueue.books, scheduleToStartTimeout: timeFor('snapshot', terms) });
  return terms.books === 'queue' ? onQueue() : take({}).catch(orOnBooksQueue(onQueue));
}

export interface Ahead {
  prices: Promise<Prices>;
  askedAt: number;
}

/** What an order pays is read when it is decided on, however long the agents took: while the consensus is formed, and again where that was slow. */
export function pricesAhead(terms: CycleTerms): Ahead | undefined {
  if (!patched('prices-beside-consensus')) return undefined;
  const prices = readPrices(terms);
  // A cycle that is cut short before it needs them does not ask what became of them.
  prices.catch(() => undefined);
  return { prices, askedAt: Date.now() };
}

export async function pricesFor(terms: CycleTerms, snapshot: CycleSnapshot, ahead: Ahead | undefined): Promise<Prices> {
  if (ahead !== undefined && Date.now() - ahead.askedAt <= FRESH_MS) {
    try {
      return await ahead.prices;
    } catch (error) {
      // An exchange that was away for less than a second cuts short no cycle that has time: one with a slow consensus would not notice, either.
      const isPassing = error instanceof TemporalFailure && !isCancellation(error);
      if (!isPassing || !patched('prices-asked-again')) throw error;
    }
  }
  return ahead !== undefined || patched('prices-at-decision') ? readPrices(terms) : pricesIn(snapshot);
}

/**
 * While trading is halted they are what equity is marked at, so that drawdown and the day's result are known of a halt as well. Nothing is decided
 * on them: a market that cannot be read leaves the mark out.
 */
export async function pricesWhileHalted(terms: CycleTerms): Promise<Prices | undefined> {
  if (!patched('marks-while-halted')) return undefined;
  try {
    return await readPrices(terms);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    log.warn('equity is not marked: the market could not be read', { error });
    return undefined;
  }
}

async function readPrices(terms: CycleTerms): Promise<Prices> {
  const market = proxyActivities<PriceActivities>({
    ...marketStep,
    startToCloseTimeout: '2s',
    scheduleToCloseTimeout: timeFor('prices', terms),
    summary: 'prices at the decision',
  });
  return market.readPrices(pricesWanted(terms));
}

export function planOn(terms: CycleTerms, basis: PlanRequest): Promise<OrderPlan> {
  return journalStep(timeFor('plan', terms), ({ planCycle }) => planCycle(basis), terms);
}

/** Without the coordinator the cycle decides by the same rule and policy, and says so. */
export async function consensusOn(
  terms: CycleTerms,
  question: ConsensusRequest,
  correlationId: string,
): Promise<Consensus> {
  try {
    return await consensusByCoordinator(timeFor('consensus', terms), question, correlationId);
  } catch (error) {
    if (isCancellation(error) || !patched('own-consensus')) throw error;
    return journalStep(timeFor('ownConsensus', terms), ({ formOwnConsensus }) => formOwnConsensus(question), terms);
  }
}

/**
 * As a local activity at first: the history has its answer and not the question, which is all that the agents have said once more. One that fails, or
 * takes a second, is an activity that the server has tried again.
 */
async function consensusByCoordinator(
  mostMs: number,
  question: ConsensusRequest,
  correlationId: string,
): Promise<Consensus> {
  const askedAt = Date.now();
  if (patched('consensus-here')) {
    try {
      return await here.formConsensus(question, correlationId);
    } catch (error) {
      if (isCancellation(error) || isDefinite(error)) throw error;
    }
  }
  const scheduleToCloseTimeout = Math.max(LEAST_MS, mostMs - (Date.now() - askedAt));
  const { formConsensus } = proxyActivities<CoordinatorActivities>({ ...coordinatorStep, scheduleToCloseTimeout });
  return formConsensus(question, correlationId);
}

/** What failed outside is an outcome of the cycle; a fault of the workflow's own code blocks it until the code is mended. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof TemporalFailure)) throw error;
  log.warn('the cycle was cut short', { error });
  const cause = error.cause ?? error;
  if (!(error instanceof ActivityFailure) || !(cause instanceof TimeoutFailure)) return cause.message;
  if (cause.timeoutType === 'SCHEDULE_TO_START') return `no worker took ${error.activityType} in its time`;
  return `${error.activityType} had no answer in its time${cause.cause ? `: ${cause.cause.message}` : ''}`;
}
