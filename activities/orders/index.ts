import type { LegProgress } from '../../contracts/order.ts';
import { type OrderLeg, terminalStates } from '../../domain/orders/orders.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { cancelOrder } from '../../trading/execute/cancel.ts';
import { followOrder } from '../../trading/execute/follow.ts';
import type { OrderTools } from '../../trading/execute/order-tools.ts';
import { resolveOrder } from '../../trading/execute/resolve.ts';
import { submitOrder } from '../../trading/execute/submit.ts';
import { activityClock } from '../clock.ts';
import { beating } from '../heartbeat.ts';

export type OrderActivities = ReturnType<typeof createOrderActivities>;

export function createOrderActivities(dependencies: Omit<OrderTools, 'clock'>) {
  const tools: OrderTools = { ...dependencies, clock: activityClock };
  // A rate is known from the first order on only where the count began with none.
  for (const outcome of terminalStates) metrics.orders.inc({ outcome }, 0);

  return beating({
    /** Passes the fence and sends the n-th submission of a leg. Tried once: what has no known end is `resolveOrder`'s. */
    async placeOrder(leg: OrderLeg, submission: number): Promise<LegProgress> {
      return submitOrder(tools, leg, submission);
    },

    /** Finds out what became of a submission whose end is unknown; never sends. */
    async resolveOrder(leg: OrderLeg, submission: number): Promise<LegProgress> {
      return resolveOrder(tools, leg, submission);
    },

    /** Follows a resting order until it came to its end or may rest no longer. */
    async awaitFill(leg: OrderLeg, submission: number, restUntil: number): Promise<LegProgress> {
      return followOrder(tools, leg, submission, restUntil);
    },

    /** Cancels what may rest and takes the order's end into the books. Repeat-safe. */
    async cancelOrder(leg: OrderLeg, submission: number): Promise<LegProgress> {
      return cancelOrder(tools, leg, submission);
    },
  });
}
