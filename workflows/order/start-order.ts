import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  type ChildWorkflowHandle,
  ParentClosePolicy,
  patched,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { PlanActivities } from '../../activities/orders/plans.ts';
import type { OrderResult } from '../../contracts/cycle.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { orderWorkflowId } from '../../contracts/workflow-ids.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { executeOrder } from './execute-order.ts';

/**
 * Order workflows are abandoned, not owned: whatever becomes of who started one, it follows its order to the end and hears of a stop by a
 * signal of its own. Undefined when the leg is in the hands of its workflow already.
 */
export async function startOrder(leg: OrderLeg): Promise<ChildWorkflowHandle<typeof executeOrder> | undefined> {
  try {
    return await startChild<typeof executeOrder>('executeOrder', {
      workflowId: orderWorkflowId(leg.legId),
      taskQueue: TaskQueue.execution,
      args: [leg],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      // A worker that died holds its workflows up for no longer than this.
      workflowTaskTimeout: '2s',
      typedSearchAttributes: [
        { key: searchAttributes.account, value: leg.account },
        { key: searchAttributes.cycleId, value: leg.cycleId },
        { key: searchAttributes.symbols, value: [leg.symbol] },
      ],
      staticSummary: `${leg.side} ${leg.quantity} ${leg.symbol} to ${leg.purpose} (${leg.account})`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}

/**
 * A leg's end: by its workflow or, where that is in other hands or was ended by force, by its books. What was at the exchange then gets another
 * workflow from reconciliation, and what was not sent a tombstone.
 */
export async function followOrder(
  leg: OrderLeg,
  { awaitLeg, endLeg }: Pick<PlanActivities, 'awaitLeg' | 'endLeg'>,
): Promise<OrderResult> {
  const handle = await startOrder(leg);
  if (!handle) return awaitLeg(leg);
  try {
    return await handle.result();
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure) || !patched('leg-outlives-workflow')) throw error;
    return endLeg(leg);
  }
}
