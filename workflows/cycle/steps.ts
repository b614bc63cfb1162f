import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  log,
  patched,
  proxyActivities,
  proxyLocalActivities,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { CoordinatorActivities } from '../../activities/coordinator/index.ts';
import type { OwnConsensusActivities } from '../../activities/coordinator/own-consensus.ts';
import type { MarketActivities, SnapshotRequest } from '../../activities/market/index.ts';
import type { PlanRequest, PortfolioActivities } from '../../activities/portfolio/index.ts';
import type { PriceActivities } from '../../activities/portfolio/prices.ts';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import type { CycleTerms, TradingCycleInput } from '../../contracts/cycle.ts';
import type { MarketSnapshot } from '../../domain/market.ts';
import type { OrderPlan } from '../../domain/portfolio.ts';
import { type Prices, pricesIn } from '../../domain/prices.ts';
import { journalStep } from './journal-step.ts';
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

/** The terms, or why there are none: the journal was away for so long that nothing could be decided, and nothing was. */
export async function termsOf(
  input: TradingCycleInput,
  startedAt: number,
  expiresAt: number | undefined,
): Promise<CycleTerms | string> {
  const untilExpiryMs = expiresAt === undefined ? OPENING_MS : expiresAt - UNTIL_EXPIRY_MS - startedAt;
  const { openCycle } = proxyLocalActivities<PortfolioActivities>({
    ...journalStep,
    scheduleToCloseTimeout: Math.max(1_000, Math.min(LONGEST_OPENING_MS, untilExpiryMs)),
    // It may be waited for long: the fewer tries the shorter the history.
    retry: { ...journalStep.retry, maximumInterval: '2s' },
  });
  try {
    return await openCycle(input, { startedAt, expiresAt });
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    const isDefinite = cause instanceof ApplicationFailure && cause.nonRetryable === true;
    if (isCancellation(error) || isDefinite) throw error;
    return `its terms could not be read for ${Date.now() - startedAt} ms: ${reasonOf(error)}`;
  }
}

export function snapshotOf(terms: CycleTerms, request: SnapshotRequest): Promise<MarketSnapshot> {
  const { takeSnapshot } = proxyActivities<MarketActivities>({
    ...marketStep,
    scheduleToCloseTimeout: timeFor('snapshot', terms),
    summary: 'one snapshot for all agents',
  });
  return takeSnapshot(request);
}

/** What an order pays is read when it is decided on, however long the agents took. */
export async function pricesFor(terms: CycleTerms, snapshot: MarketSnapshot): Promise<Prices> {
  if (!patched('prices-at-decision')) return pricesIn(snapshot);
  const { readPrices } = proxyActivities<PriceActivities>({
    ...marketStep,
    startToCloseTimeout: '2s',
    scheduleToCloseTimeout: timeFor('prices', terms),
    summary: 'prices at the decision',
  });
  const { symbols, bookLevels } = terms;
  return readPrices({ symbols, bookLevels });
}

export function planOn(terms: CycleTerms, basis: PlanRequest): Promise<OrderPlan> {
  const { planCycle } = proxyLocalActivities<PortfolioActivities>({
    ...journalStep,
    scheduleToCloseTimeout: timeFor('plan', terms),
  });
  return planCycle(basis);
}

/** Without the coordinator the cycle decides by the same rule and policy, and says so. */
export async function consensusOn(
  terms: CycleTerms,
  question: ConsensusRequest,
  correlationId: string,
): Promise<Consensus> {
  try {
    const { formConsensus } = proxyActivities<CoordinatorActivities>({
      ...coordinatorStep,
      scheduleToCloseTimeout: timeFor('consensus', terms),
    });
    return await formConsensus(question, correlationId);
  } catch (error) {
    if (isCancellation(error) || !patched('own-consensus')) throw error;
    const { formOwnConsensus } = proxyLocalActivities<OwnConsensusActivities>({
      ...journalStep,
      scheduleToCloseTimeout: timeFor('ownConsensus', terms),
    });
    return formOwnConsensus(question);
  }
}

/** What failed outside is an outcome of the cycle; a fault of the workflow's own code blocks it until the code is mended. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof TemporalFailure)) throw error;
  log.warn('the cycle was cut short', { error });
  const cause = error.cause ?? error;
  if (!(error instanceof ActivityFailure) || !(cause instanceof TimeoutFailure)) return cause.message;
  return `${error.activityType} had no answer in its time${cause.cause ? `: ${cause.cause.message}` : ''}`;
}
