import type { LegProgress } from '../../contracts/order.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { nextSubmission, priced } from '../../domain/orders/submissions.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { faultWords, VenueRejection } from '../../venues/port.ts';
import { type OrderTools, tellProgress } from './order-tools.ts';

/**
 * Passes the fence and sends the n-th submission of a leg, once. Ends as `unresolved` when the exchange's answer leaves open whether it took
 * the order. An intent that stands in the journal already is never sent again.
 */
export async function submitOrder(
  tools: Omit<OrderTools, 'events' | 'clock'>,
  leg: OrderLeg,
  submission: number,
): Promise<LegProgress> {
  const { journal, trading, logger } = tools;
  const earlier = (await journal.intents.ofLeg(leg.legId)).filter((intent) => intent.submission < submission);
  const draft = nextSubmission(leg, earlier);
  if (draft?.submission !== submission) {
    await journal.intents.voidIfMissing(leg, submission);
    return tellProgress(tools, 'leg is over', leg);
  }
  const terms = priced(leg, draft, draft.price === 'join' ? await trading.touch(leg.symbol) : undefined);
  const sentAt = await trading.exchangeTime();
  const sendBy = sentAt + trading.capabilities.requestValidMs;
  const fence = await journal.intents.openFence(leg, terms, { sentAt, sendBy });
  if (!fence.passed) {
    const { code, limit, value } = fence;
    metrics.orderRefusals.inc({ code });
    logger.warn({ correlationId: leg.correlationId, legId: leg.legId, code, limit, value }, 'order denied');
    return tellProgress(tools, 'order denied', leg);
  }

  if (leg.triggeredAt !== undefined && submission === 1)
    metrics.exitDelay.observe(Math.max(0, Date.now() - leg.triggeredAt) / 1_000);
  const { intentId } = fence.intent;
  await trading.place(fence.order).then(
    ({ order, fills }) =>
      journal.intents.report({
        intentId,
        state: order.state,
        venueOrderId: order.venueOrderId,
        filledQuantity: order.filledQuantity,
        fills,
      }),
    (error: unknown) => {
      const state = error instanceof VenueRejection ? 'rejected' : 'unresolved';
      return journal.intents.report({ intentId, state, detail: faultWords(error).slice(0, 300), fills: [] });
    },
  );
  return tellProgress(tools, 'order sent', leg);
}
