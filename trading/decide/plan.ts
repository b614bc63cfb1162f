import type { Logger } from 'pino';
import { type Configuration, portfolios } from '../../contracts/config/schema.ts';
import type { PlanRequest } from '../../contracts/cycle-steps.ts';
import { legId } from '../../contracts/leg-ids.ts';
import { lifeOf } from '../../domain/orders/lives.ts';
import { planOrders } from '../../domain/portfolio/planning.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { ReadSnapshot } from '../../stores/market-buffer/snapshots.ts';
import { executionTerms, riskLimits } from './terms.ts';

export interface PlanTools {
  journal: { cycles: Pick<Journal['cycles'], 'plan'> };
  configuration: Configuration;
  /** The exchange's clock, against which the age of snapshot and prices is held. */
  exchangeTime(): Promise<number>;
  readSnapshot: ReadSnapshot;
  logger: Logger;
}

/**
 * Sizes the consensus within the risk limits and reserves the capital, in one transaction. Idempotent by cycle id.
 *
 * @throws UserError SnapshotMissing
 */
export async function planOfCycle(
  { journal, configuration, exchangeTime, readSnapshot, logger }: PlanTools,
  { cycleId, correlationId, epoch, tradedSymbols, snapshot: given, prices, consensus }: PlanRequest,
): Promise<OrderPlan> {
  const { account, allocation, currency, cycle, execution } = configuration;
  const snapshot = await readSnapshot(given);
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
        configured: configuration.symbols,
        views: consensus.symbols.filter(({ symbol }) => tradedSymbols.includes(symbol)),
        // A coordinator of an earlier release does not say it.
        horizonMs: consensus.horizonMs ?? cycle.horizonMinutes * 60_000,
        snapshot,
        prices,
        limits: riskLimits(limits),
        allocation: { ...allocation, portfolios: portfolios(configuration) },
        execution: executionTerms(execution),
        // The lock may have been waited for.
        now: Math.round(now + performance.now() - askedAt),
        legIdOf: (symbol, leg, purpose) => legId(account, cycleId, symbol, leg, purpose, lifeOf(control.epoch)),
      },
      { tradingState: control.tradingState, stateSince: control.changedAt, epoch: control.epoch, ...books },
    ),
  );
  stop();
  const level = plan.restriction?.to === 'halted' ? 'warn' : 'info';
  logger[level](
    { correlationId, legs: plan.legs.length, verdicts: plan.verdicts, equity: plan.equity },
    'cycle planned',
  );
  return plan;
}
