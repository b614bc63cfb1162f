import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  condition,
  ParentClosePolicy,
  proxyLocalActivities,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { PortfolioActivities } from '../../activities/portfolio/index.ts';
import type { OrderResult } from '../../contracts/cycle.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { intentId, orderWorkflowId } from '../../contracts/workflow-ids.ts';
import type { OrderLeg } from '../../domain/orders.ts';
import type { executeOrder } from '../order/execute-order.ts';

/** Beyond a leg's resting time: the longest that a submission of unknown end takes to be settled while the exchange answers. */
const SETTLING_MS = 20_000;

/** Unlimited: capital that is not given back is lost to trading. */
const { releaseLeg } = proxyLocalActivities<PortfolioActivities>({
  startToCloseTimeout: '1s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '1s' },
});

/**
 * Starts one order workflow a leg and waits for their ends. The order workflows are abandoned, not owned: whatever becomes of the cycle, each
 * follows its order to the end, and hears of a stop by a signal of its own. A leg that was not started gives its capital back.
 */
export async function executeLegs(account: string, legs: readonly OrderLeg[]): Promise<OrderResult[]> {
  const stopped = CancellationScope.current().consideredCancelled;
  return CancellationScope.nonCancellable(() => (stopped ? giveUp(legs) : follow(account, legs)));
}

async function giveUp(legs: readonly OrderLeg[]): Promise<OrderResult[]> {
  await Promise.all(legs.map(({ legId }) => releaseLeg(legId)));
  return legs.map((leg) => resultWithout(leg, 'initialized', 'stopped before it was sent'));
}

async function follow(account: string, legs: readonly OrderLeg[]): Promise<OrderResult[]> {
  const results = new Map<string, OrderResult>();
  const started = await Promise.all(legs.map((leg) => start(account, leg, results)));
  for (const handle of started) {
    void handle?.result().then(
      (result) => results.set(result.legId, result),
      () => undefined,
    );
  }
  const longestRestMs = Math.max(0, ...legs.map((leg) => (leg.timeInForce === 'GTC' ? leg.restMs : 0)));
  await condition(() => results.size === legs.length, longestRestMs + SETTLING_MS);
  return legs.map(
    (leg) =>
      results.get(leg.legId) ?? resultWithout(leg, 'unresolved', `still in the hands of ${orderWorkflowId(leg.legId)}`),
  );
}

async function start(
  account: string,
  leg: OrderLeg,
  results: Map<string, OrderResult>,
): Promise<ChildWorkflowHandle<typeof executeOrder> | undefined> {
  try {
    return await startChild<typeof executeOrder>('executeOrder', {
      workflowId: orderWorkflowId(leg.legId),
      taskQueue: TaskQueue.execution,
      args: [leg],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      typedSearchAttributes: [
        { key: searchAttributes.account, value: account },
        { key: searchAttributes.cycleId, value: leg.cycleId },
        { key: searchAttributes.symbols, value: [leg.symbol] },
      ],
      staticSummary: `${leg.side} ${leg.quantity} ${leg.symbol} (${account})`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      results.set(leg.legId, resultWithout(leg, 'unresolved', `already in the hands of ${orderWorkflowId(leg.legId)}`));
      return undefined;
    }
    await releaseLeg(leg.legId);
    throw error;
  }
}

function resultWithout(
  { legId, symbol, side, quantity, limitPrice }: OrderLeg,
  state: OrderResult['state'],
  detail: string,
): OrderResult {
  return {
    legId,
    intentId: intentId(legId, 1),
    symbol,
    side,
    state,
    quantity,
    filledQuantity: '0',
    limitPrice,
    detail,
  };
}
