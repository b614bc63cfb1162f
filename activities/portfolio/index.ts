import {
  type CycleDraft,
  type CycleSummary,
  type CycleTerms,
  cycleOutcomes,
  type TradingCycleInput,
} from '../../contracts/cycle.ts';
import type { CycleSpan, PlanRequest } from '../../contracts/cycle-steps.ts';
import { ErrorName } from '../../contracts/errors.ts';
import type { Prices } from '../../domain/market/prices.ts';
import type { LegId } from '../../domain/orders/ids.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { type PlanTools, planOfCycle } from '../../trading/decide/plan.ts';
import { recordOfCycle } from '../../trading/decide/record.ts';
import { termsOfCycle } from '../../trading/decide/terms.ts';
import { withoutRetry } from '../without-retry.ts';

export interface PortfolioDependencies extends PlanTools {
  journal: Journal;
  /** That run beside the stack. */
  engines?: readonly Engine[];
}

export type PortfolioActivities = ReturnType<typeof createPortfolioActivities>;

/** Transactions of the journal, each idempotent by cycle id: they run as local activities beside the cycle's workflow. */
export function createPortfolioActivities(dependencies: PortfolioDependencies) {
  // A rate is known from the first cycle on only where the count began with none.
  for (const outcome of cycleOutcomes) metrics.cycles.inc({ outcome }, 0);
  metrics.cyclesMissed.inc(0);
  for (const inTime of ['yes', 'no']) metrics.executions.inc({ in_time: inTime }, 0);

  return {
    /** The cycle's first step: the terms that it keeps to until its end, the halt epoch among them. */
    async openCycle(input: TradingCycleInput, span: CycleSpan): Promise<CycleTerms> {
      const terms = termsOfCycle({ ...dependencies, now: Date.now }, input, span);
      return withoutRetry([ErrorName.invalidInput], terms);
    },

    /** Sizes the consensus within the risk limits and reserves the capital, in one transaction. */
    async planCycle(request: PlanRequest): Promise<OrderPlan> {
      return withoutRetry([ErrorName.snapshotMissing], planOfCycle(dependencies, request));
    },

    /** Gives back the capital of a leg whose order workflow was never started. */
    async releaseLeg(legId: LegId): Promise<void> {
      await dependencies.journal.cycles.releaseLeg(legId);
    },

    /** Writes the decision record with the fills as they are booked. */
    async recordCycle(draft: CycleDraft, prices: Prices | undefined): Promise<CycleSummary> {
      return recordOfCycle(dependencies, draft, prices);
    },
  };
}
