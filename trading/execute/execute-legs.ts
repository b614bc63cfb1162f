import type { OrderResult } from '../../contracts/cycle.ts';
import type { LegProgress } from '../../contracts/order.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import { cancelOrder } from './cancel.ts';
import { followOrder } from './follow.ts';
import type { OrderTools } from './order-tools.ts';
import { resolveOrder } from './resolve.ts';
import { submitOrder } from './submit.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Has the independent legs of a plan executed in this process, all at once, and comes back when each is at its end: nobody else follows them.
 *
 * @throws Error for linked legs, of which one failing undoes the others: those outlive a crash, in the workflow `executePlan`
 */
export async function executeLegs(
  tools: OrderTools,
  { cycleId, kind, legs }: Pick<OrderPlan, 'cycleId' | 'kind' | 'legs'>,
): Promise<OrderResult[]> {
  if (kind !== 'independent' && legs.length > 1) throw new Error(`the legs of ${cycleId} are linked: they need a saga`);
  return Promise.all(legs.map((leg) => executeLeg(tools, leg)));
}

/**
 * One leg of a plan: its submissions, one after the other, each from its fence to its last fill. The order of steps of the workflow
 * `executeOrder`, without what makes that one outlive a crash. It hears of no stop: whoever carries one out cancels what rests, and the fence
 * refuses what would come next.
 */
async function executeLeg(tools: OrderTools, leg: OrderLeg): Promise<OrderResult> {
  let submission = 1;
  for (;;) {
    let progress = await submit(tools, leg, submission);
    if (progress.working) progress = await rest(tools, leg, submission, progress);
    if (!progress.next) return progress.result;
    await tools.clock.sleep(progress.next.delayMs);
    submission = progress.next.submission;
  }
}

/** Sent once: an end that is not known is asked for. */
async function submit(tools: OrderTools, leg: OrderLeg, submission: number): Promise<LegProgress> {
  const sent = await submitOrder(tools, leg, submission).catch((error: unknown) => {
    tools.logger.warn(
      { correlationId: leg.correlationId, legId: leg.legId, err: error },
      'a submission has no known end',
    );
    return undefined;
  });
  if (sent && !['submitted', 'unresolved'].includes(sent.result.state)) return sent;
  return untilAnswered(tools, leg, () => resolveOrder(tools, leg, submission));
}

async function rest(
  tools: OrderTools,
  leg: OrderLeg,
  submission: number,
  { restUntil }: LegProgress,
): Promise<LegProgress> {
  const followed = await untilAnswered(tools, leg, () => followOrder(tools, leg, submission, restUntil));
  return followed.working ? untilAnswered(tools, leg, () => cancelOrder(tools, leg, submission)) : followed;
}

/** An order of unknown end is never called failed. */
async function untilAnswered(
  { clock, logger }: OrderTools,
  { correlationId, legId }: OrderLeg,
  ask: () => Promise<LegProgress>,
): Promise<LegProgress> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await ask();
    } catch (error) {
      logger.warn({ correlationId, legId, err: error }, 'an order cannot be asked for: it is asked for again');
      await clock.sleep(pauseMs);
    }
  }
}
