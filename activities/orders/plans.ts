import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { OrderResult, PlanResult } from '../../contracts/cycle.ts';
import { text } from '../../domain/money/money.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { baseOf } from '../../domain/portfolio/position.ts';
import { netQuantity } from '../../domain/protection/exits.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { progressOf } from '../../trading/execute/progress.ts';
import type { TradingPort } from '../../venues/port.ts';
import { beating } from '../heartbeat.ts';
import { type Exit, exitLegId, planNextExit } from './exits.ts';

export interface PlanDependencies {
  journal: Pick<Journal, 'intents' | 'ledger' | 'cycles'>;
  trading: Pick<TradingPort, 'touch' | 'instrument' | 'listing'>;
  logger: Logger;
}

export type PlanActivities = ReturnType<typeof createPlanActivities>;

/** What undoes one leg: an order to send, a wait for another order that has it reserved, or the finding that nothing is left. */
export type Compensation = Exclude<Exit, { over: unknown }> | { held: string };

const POLL_MS = 500;
/** Longer than an order workflow waits for a worker to send its first submission. */
const SENT_WITHIN_MS = 30_000;

export function createPlanActivities({ journal, trading, logger }: PlanDependencies) {
  return beating({
    /**
     * The n-th order that sells what a leg's fills brought in and what the compensations before it have not sold yet. Never more than is booked
     * and free. Idempotent by (leg, attempt): the order that was planned first is the one that is sent.
     */
    async planCompensation(leg: OrderLeg, attempt: number): Promise<Compensation> {
      const { account, cycleId, correlationId, symbol } = leg;
      const question = { account, symbol, purpose: 'compensate' as const, key: `${cycleId}/${leg.legId}`, attempt };
      const earlier = Array.from({ length: attempt - 1 }, (_, index) => exitLegId(question, index + 1));
      const fills = await Promise.all([leg.legId, ...earlier].map((id) => journal.ledger.fillsOfLeg(id)));
      const opened = netQuantity(symbol, fills.flat());

      const { exit, booked } = await planNextExit({ journal, trading }, question, () => opened);
      if ('leg' in exit) return exit;
      if ('over' in exit) return { held: '' };
      if (booked.lessThan(opened)) return { held: `${text(opened)} ${baseOf(symbol)} were sold by another order` };
      logger.warn({ correlationId, legId: leg.legId, attempt }, 'a compensation waits for another order on the symbol');
      return exit;
    },

    /**
     * Waits for the end of a leg that is in the hands of its own workflow, by its books. Where nothing was sent of it after a while a tombstone
     * ends it: its workflow may be gone.
     */
    async awaitLeg(leg: OrderLeg): Promise<OrderResult> {
      const startedAt = performance.now();
      for (;;) {
        const isLost = performance.now() - startedAt > SENT_WITHIN_MS;
        if (isLost) await journal.intents.voidIfMissing(leg, 1);
        const past = await journal.intents.ofLeg(leg.legId);
        const progress = past.length > 0 ? progressOf(leg, past) : undefined;
        if (progress && !progress.working && !progress.next) return progress.result;
        await Context.current().sleep(POLL_MS);
      }
    },

    /** Ends a leg whose workflow is gone: what it would send next is void, and what it sent is waited for, by its books. */
    async endLeg(leg: OrderLeg): Promise<OrderResult> {
      for (;;) {
        const past = await journal.intents.ofLeg(leg.legId);
        const progress = past.length > 0 ? progressOf(leg, past) : undefined;
        if (progress && !progress.working && !progress.next) return progress.result;
        if (!progress?.working) await journal.intents.voidIfMissing(leg, progress?.next?.submission ?? 1);
        else await Context.current().sleep(POLL_MS);
      }
    },

    async settlePlan(result: PlanResult): Promise<void> {
      await journal.cycles.settlePlan(result);
      const { cycleId, end, detail } = result;
      logger[end === 'done' ? 'info' : 'warn']({ correlationId: cycleId, end, detail }, 'plan ended');
    },

    /** Gives back the capital of a leg that will not be sent. */
    async dropLeg(legId: string): Promise<void> {
      await journal.cycles.releaseLeg(legId);
    },
  });
}
