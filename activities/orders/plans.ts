import type { Logger } from 'pino';
import type { OrderResult, PlanResult } from '../../contracts/cycle.ts';
import type { Compensation } from '../../contracts/exits.ts';
import type { LegId } from '../../domain/orders/ids.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { planCompensation } from '../../trading/execute/compensate.ts';
import type { ExitTools } from '../../trading/execute/exits.ts';
import { awaitLeg, endLeg } from '../../trading/execute/leg-end.ts';
import { activityClock as clock } from '../clock.ts';
import { beating } from '../heartbeat.ts';

export interface PlanDependencies extends ExitTools {
  journal: ExitTools['journal'] & Pick<Journal, 'cycles'>;
  logger: Logger;
}

export type PlanActivities = ReturnType<typeof createPlanActivities>;

export function createPlanActivities(dependencies: PlanDependencies) {
  const { journal, logger } = dependencies;
  return beating({
    /** The n-th order that sells what a leg's fills brought in. Idempotent by (leg, attempt). */
    async planCompensation(leg: OrderLeg, attempt: number): Promise<Compensation> {
      return planCompensation(dependencies, leg, attempt);
    },

    /** Waits for the end of a leg that is in the hands of its own workflow, which may be gone. */
    async awaitLeg(leg: OrderLeg): Promise<OrderResult> {
      return awaitLeg({ journal, clock }, leg);
    },

    /** Ends a leg whose workflow is gone. */
    async endLeg(leg: OrderLeg): Promise<OrderResult> {
      return endLeg({ journal, clock }, leg);
    },

    async settlePlan(result: PlanResult): Promise<void> {
      await journal.cycles.settlePlan(result);
      const { cycleId, end, detail } = result;
      logger[end === 'done' ? 'info' : 'warn']({ correlationId: cycleId, end, detail }, 'plan ended');
    },

    /** Gives back the capital of a leg that will not be sent. */
    async dropLeg(legId: LegId): Promise<void> {
      await journal.cycles.releaseLeg(legId);
    },
  });
}
