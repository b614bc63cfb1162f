import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { type Configuration, portfolios, type RiskSettings } from '../../contracts/config/schema.ts';
import type { Consensus } from '../../contracts/consensus.ts';
import {
  type CycleRecord,
  type CycleSummary,
  type CycleTerms,
  cycleOutcomes,
  type TradingCycleInput,
} from '../../contracts/cycle.ts';
import { AFTER_AGENTS_MS } from '../../contracts/cycle-times.ts';
import { ErrorName } from '../../contracts/errors.ts';
import { legId } from '../../contracts/leg-ids.ts';
import type { Prices } from '../../domain/market/prices.ts';
import type { CycleSnapshot } from '../../domain/market/snapshot.ts';
import { decimal, text } from '../../domain/money/money.ts';
import { equityAt, unpriced } from '../../domain/portfolio/exposure.ts';
import { planOrders } from '../../domain/portfolio/planning.ts';
import type { Balance, OrderPlan, Position } from '../../domain/portfolio/portfolio.ts';
import type { ExecutionTerms, RiskLimits } from '../../domain/portfolio/request.ts';
import { type AgentId, agentIds, isMissionAgent, isSeat } from '../../domain/signals/agents.ts';
import { isUnwell } from '../../domain/signals/signals.ts';
import { isWithin } from '../../domain/statistics/periods.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { type ReadSnapshot, SnapshotMissing } from '../../stores/market-buffer/snapshots.ts';
import { policyInForce } from '../../trading/decide/consensus.ts';

/** Of the first interval, what a cycle leaves to the next one's start. */
const ORDER_MARGIN_MS = 5_000;
/** An agent is asked, whatever else is set. */
const LEAST_DEADLINE_MS = 1_000;

/** When a cycle began, and when the server ends it, where its start said so. */
export interface CycleSpan {
  startedAt: number;
  expiresAt: number | undefined;
}

export interface PortfolioDependencies {
  journal: Journal;
  configuration: Configuration;
  /** The exchange's clock, against which the age of snapshot and prices is held. */
  exchangeTime(): Promise<number>;
  readSnapshot: ReadSnapshot;
  logger: Logger;
}

export interface PlanRequest {
  cycleId: string;
  correlationId: string;
  epoch: number;
  tradedSymbols: string[];
  /** What the agents saw, and what it is now. */
  snapshot: CycleSnapshot;
  prices: Prices;
  consensus: Consensus;
}

export type PortfolioActivities = ReturnType<typeof createPortfolioActivities>;

function riskLimits({
  maxSnapshotAgeSeconds,
  maxPriceAgeSeconds,
  minHoldingSeconds,
  reentryPauseSeconds,
  ...limits
}: RiskSettings): RiskLimits {
  return {
    ...limits,
    maxSnapshotAgeMs: maxSnapshotAgeSeconds * 1_000,
    maxPriceAgeMs: maxPriceAgeSeconds * 1_000,
    minHoldingMs: minHoldingSeconds * 1_000,
    reentryPauseMs: reentryPauseSeconds * 1_000,
  };
}

function executionTerms({
  restSeconds,
  sliceSeconds,
  chaseSubmissions,
  ...execution
}: Configuration['execution']): ExecutionTerms {
  return { ...execution, restMs: restSeconds * 1_000, sliceMs: sliceSeconds * 1_000, submissions: chaseSubmissions };
}

type Seats =
  | 'agents'
  | 'disabledAgents'
  | 'restingAgents'
  | 'models'
  | 'guests'
  | 'debate'
  | 'agentDeadlineMs'
  | 'policy';

/** Who is asked, who is not and why, and how long is waited for them. */
async function seatsOf(journal: Journal, account: string): Promise<Pick<CycleTerms, Seats>> {
  const [policy, { settings }, health, versions] = await Promise.all([
    policyInForce(journal, account),
    journal.policy.read(account),
    journal.participation.health(),
    journal.models.list(),
  ]);
  const { agents } = policy;
  const coolDownMs = settings.coolDownSeconds * 1_000;
  const resting = Object.entries(health).flatMap(([agentId, { failures, failedAt }]) => {
    const untilAt = failedAt + coolDownMs;
    const isResting = failures >= settings.coolDownFailures && isWithin(coolDownMs, failedAt, Date.now());
    return isResting ? [{ agentId, failures, untilAt }] : [];
  });
  const isVersion = (id: AgentId): boolean => versions.some(({ agentId }) => agentId === id);
  const seats = agentIds.filter((id) => agents[id] !== undefined);
  const enabled = seats.filter((id) => agents[id]?.enabled);
  return {
    agents: enabled.filter((id) => !resting.some(({ agentId }) => agentId === id)),
    disabledAgents: seats.filter((id) => !enabled.includes(id) && isMissionAgent(id)),
    restingAgents: resting.filter(({ agentId }) => enabled.some((id) => id === agentId)),
    debate: settings.debate,
    models: versions
      .filter(({ agentId }) => agents[agentId]?.enabled && !resting.some((each) => each.agentId === agentId))
      .map(({ agentId, seat, weights }) => ({ agentId, seat, weights })),
    guests: Object.keys(agents).filter((id) => agents[id]?.enabled && !isSeat(id) && !isVersion(id)),
    agentDeadlineMs: settings.deadlineSeconds * 1_000,
    policy,
  };
}

/** Transactions of the journal, each idempotent by cycle id: they run as local activities beside the cycle's workflow. */
export function createPortfolioActivities({
  journal,
  configuration,
  exchangeTime,
  readSnapshot,
  logger,
}: PortfolioDependencies) {
  const { account, allocation, currency, mode, cycle, execution } = configuration;

  const equityOf = (prices: Prices | undefined, balances: Balance[], positions: Position[]) =>
    prices && unpriced({ prices, currency }, { positions }) === undefined
      ? text(equityAt({ prices, currency }, { balances, positions }).toDecimalPlaces(8))
      : undefined;

  // A rate is known from the first cycle on only where the count began with none.
  for (const outcome of cycleOutcomes) metrics.cycles.inc({ outcome }, 0);

  return {
    /** The cycle's first step: the terms that it keeps to until its end, the halt epoch among them. */
    async openCycle(input: TradingCycleInput, { startedAt, expiresAt }: CycleSpan): Promise<CycleTerms> {
      const unknown = input.symbols?.find((symbol) => !configuration.symbols.includes(symbol));
      if (unknown !== undefined) {
        throw ApplicationFailure.nonRetryable(
          `${unknown} is not configured; this system trades ${configuration.symbols.join(', ')}`,
          ErrorName.invalidInput,
        );
      }
      const [control, seats, positions, { settings: limits }] = await Promise.all([
        journal.control.read(account),
        seatsOf(journal, account),
        journal.ledger.positions(account),
        journal.risk.read(account),
      ]);
      const intervalMs = cycle.intervalSeconds * 1_000;
      const held = positions.filter(({ quantity }) => !decimal(quantity).isZero()).map(({ symbol }) => symbol);
      return {
        account,
        mode,
        symbols: [...new Set([...configuration.symbols, ...held])],
        tradedSymbols: input.symbols ?? configuration.symbols,
        candles: cycle.candles,
        bookLevels: cycle.bookLevels,
        horizonMs: cycle.horizonMinutes * 60_000,
        orderDeadlineMs: intervalMs - ORDER_MARGIN_MS,
        onLegFailure: execution.onLegFailure,
        endsAt: Math.min(startedAt + 2 * intervalMs, expiresAt ?? Number.POSITIVE_INFINITY),
        maxLatenessMs: intervalMs / 2,
        epoch: control.epoch,
        tradingState: control.tradingState,
        ...seats,
        // Policy and limits may be changed each by itself: whoever answers in time is not too late for the decision.
        agentDeadlineMs: Math.max(
          LEAST_DEADLINE_MS,
          Math.min(intervalMs, seats.agentDeadlineMs, limits.maxSnapshotAgeSeconds * 1_000 - AFTER_AGENTS_MS),
        ),
      };
    },

    /** Sizes the consensus within the risk limits and reserves the capital, in one transaction. */
    async planCycle({
      cycleId,
      correlationId,
      epoch,
      tradedSymbols,
      snapshot: given,
      prices,
      consensus,
    }: PlanRequest): Promise<OrderPlan> {
      const snapshot = await readSnapshot(given).catch((error: unknown) => {
        if (!(error instanceof SnapshotMissing)) throw error;
        throw ApplicationFailure.nonRetryable(error.message, error.name);
      });
      const now = await exchangeTime();
      const askedAt = performance.now();
      metrics.snapshotAge.observe(Math.max(0, now - snapshot.takenAt) / 1_000);
      const stop = metrics.sizingDuration.startTimer();
      const plan = await journal.cycles.plan(cycleId, account, now, ({ control, limits, ...books }) =>
        planOrders(
          {
            cycleId,
            correlationId,
            account,
            currency,
            epoch,
            views: consensus.symbols.filter(({ symbol }) => tradedSymbols.includes(symbol)),
            snapshot,
            prices,
            limits: riskLimits(limits),
            allocation: { ...allocation, portfolios: portfolios(configuration) },
            execution: executionTerms(execution),
            // The lock may have been waited for.
            now: Math.round(now + performance.now() - askedAt),
            legIdOf: (symbol, leg, purpose) => legId(account, cycleId, symbol, leg, purpose),
          },
          { tradingState: control.tradingState, epoch: control.epoch, ...books },
        ),
      );
      stop();
      const level = plan.restriction?.to === 'halted' ? 'warn' : 'info';
      logger[level](
        { correlationId, legs: plan.legs.length, verdicts: plan.verdicts, equity: plan.equity },
        'cycle planned',
      );
      return plan;
    },

    /** Gives back the capital of a leg whose order workflow was never started. */
    async releaseLeg(legId: string): Promise<void> {
      await journal.cycles.releaseLeg(legId);
    },

    /** Writes the decision record with the fills as they are booked, and marks equity at these prices, where they are of all that is held and traded. Idempotent by cycle id. */
    async recordCycle(draft: Omit<CycleRecord, 'fills' | 'equity'>, prices: Prices | undefined): Promise<CycleSummary> {
      const [balances, positions, fills] = await Promise.all([
        journal.ledger.balances(account),
        journal.ledger.positions(account),
        journal.ledger.fillsOfCycle(draft.cycleId),
      ]);
      const equity = equityOf(prices, balances, positions);
      const record: CycleRecord = { ...draft, fills, equity, currency };
      await journal.cycles.record(record);
      const { cycleId, correlationId, outcome, summary } = draft;
      metrics.cycles.inc({ outcome });
      metrics.cycleDuration.observe({ outcome }, (draft.finishedAt - draft.startedAt) / 1_000);
      metrics.cycleFinishedAt.set(draft.finishedAt / 1_000);
      tellOf(record);
      logger.info({ correlationId, outcome, summary, equity, fills: fills.length }, 'cycle finished');
      return { cycleId, outcome, summary };
    },
  };
}

/** What a finished cycle says of its agents, and how long its fills were under way. */
function tellOf({ answers, snapshot, fills }: Pick<CycleRecord, 'answers' | 'snapshot' | 'fills'>): void {
  for (const { agentId: agent, opinions } of answers) {
    const failed = opinions.every((opinion) => opinion.kind === 'abstention' && isUnwell(opinion.reason));
    metrics.agentHealth.set({ agent }, failed ? 0 : 1);
  }
  if (!snapshot) return;
  for (const { filledAt } of fills) {
    metrics.executionDuration.observe(Math.max(0, filledAt - snapshot.takenAt) / 1_000);
  }
}
