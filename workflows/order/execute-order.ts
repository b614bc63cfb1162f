import {
  ActivityFailure,
  condition,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { OrderActivities } from '../../activities/orders/index.ts';
import type { OrderResult } from '../../contracts/cycle.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { isTerminal, type OrderLeg } from '../../domain/orders.ts';
import { halt } from '../messages.ts';

const SUBMISSION = 1;

/** Tried once: a second try could place a second order. An end that is not known goes to resolveOrder. Late is worse than never. */
const { placeOrder } = proxyActivities<OrderActivities>({
  startToCloseTimeout: '8s',
  scheduleToStartTimeout: '20s',
  retry: { maximumAttempts: 1 },
});

/** Asked until answered: an order of unknown end is never called failed. Only the heartbeat tells a dead worker from a long wait. */
const { resolveOrder, cancelOrder } = proxyActivities<OrderActivities>({
  startToCloseTimeout: '60s',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** One leg of a plan, from its fence to its last fill. Ends only when the exchange's answer is known. */
export async function executeOrder(leg: OrderLeg): Promise<OrderResult> {
  let halted = false;
  setHandler(halt, () => {
    halted = true;
  });

  let result = await submit(leg);
  if (!isTerminal(result.state)) {
    await condition(() => halted, leg.restMs);
    result = await cancelOrder(leg, SUBMISSION);
  }
  describe(leg, result);
  return result;
}

async function submit(leg: OrderLeg): Promise<OrderResult> {
  try {
    const result = await placeOrder(leg, SUBMISSION);
    if (result.state !== 'unresolved' && result.state !== 'sending') return result;
  } catch (error) {
    // The worker may have died before, in, or after the request: only the exchange and the journal know.
    if (!(error instanceof ActivityFailure)) throw error;
  }
  return resolveOrder(leg, SUBMISSION);
}

function describe(leg: OrderLeg, { state, filledQuantity, detail }: OrderResult): void {
  upsertSearchAttributes([{ key: searchAttributes.outcome, value: state }]);
  setCurrentDetails(
    `**${leg.side} ${leg.quantity} ${leg.symbol}** at ${leg.limitPrice} or better: **${state}**, filled ${filledQuantity}. ${detail}\n\nCycle \`${leg.cycleId}\``,
  );
}
