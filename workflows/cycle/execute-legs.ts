import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  ParentClosePolicy,
  proxyLocalActivities,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { PortfolioActivities } from '../../activities/portfolio/index.ts';
import type { CycleTerms, OrderResult, PlanResult } from '../../contracts/cycle.ts';
import type { ExecutePlanInput } from '../../contracts/order.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { orderWorkflowId, planWorkflowId } from '../../contracts/workflow-ids.ts';
import type { OrderLeg } from '../../domain/orders.ts';
import type { executePlan } from '../order/execute-plan.ts';
import { resultWithout } from '../order/order-result.ts';
import { startOrder } from '../order/start-order.ts';

/** Unlimited: capital that is not given back is lost to trading. */
const { releaseLeg } = proxyLocalActivities<PortfolioActivities>({
  startToCloseTimeout: '1s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '1s' },
});

export interface Execution {
  orders: OrderResult[];
  /** Of a plan of several legs. */
  plan?: Pick<PlanResult, 'end' | 'detail'>;
}

/**
 * Has the legs of a plan executed, and waits for their ends as long as the cycle has time. One leg needs no saga, since there is nothing before
 * it to be undone. What was not started gives its capital back.
 */
export async function executeLegs(
  { account, orderDeadlineMs, onLegFailure }: CycleTerms,
  cycleId: string,
  legs: readonly OrderLeg[],
): Promise<Execution> {
  const stopped = CancellationScope.current().consideredCancelled;
  return CancellationScope.nonCancellable(async () => {
    if (stopped) return giveUp(legs);
    const [only] = legs;
    if (!only) return { orders: [] };
    if (legs.length > 1) return followPlan(account, { cycleId, legs: [...legs], onLegFailure }, orderDeadlineMs);
    return followLeg(only, orderDeadlineMs);
  });
}

async function giveUp(legs: readonly OrderLeg[]): Promise<Execution> {
  await Promise.all(legs.map(({ legId }) => releaseLeg(legId)));
  return { orders: legs.map((leg) => resultWithout(leg, 'initialized', 'stopped before it was sent')) };
}

async function followLeg(leg: OrderLeg, deadlineMs: number): Promise<Execution> {
  const handle = await startOrder(leg);
  const result = handle && (await within(deadlineMs, handle.result()));
  const inHand = `still in the hands of ${orderWorkflowId(leg.legId)}`;
  return { orders: [result ?? resultWithout(leg, 'unresolved', inHand)] };
}

async function followPlan(account: string, input: ExecutePlanInput, deadlineMs: number): Promise<Execution> {
  const { cycleId, legs } = input;
  const workflowId = planWorkflowId(cycleId);
  const handle = await startChild<typeof executePlan>('executePlan', {
    workflowId,
    taskQueue: TaskQueue.execution,
    args: [input],
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    // Its compensation outlives whatever becomes of the cycle.
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.ABANDON,
    workflowTaskTimeout: '2s',
    typedSearchAttributes: [
      { key: searchAttributes.account, value: account },
      { key: searchAttributes.cycleId, value: cycleId },
      { key: searchAttributes.symbols, value: legs.map(({ symbol }) => symbol) },
    ],
    staticSummary: `plan of ${legs.length} legs (${account})`,
  }).catch((error: unknown) => {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  });
  const result = handle && (await within(deadlineMs, handle.result()));
  if (result) return { orders: result.orders, plan: { end: result.end, detail: result.detail } };
  return { orders: legs.map((leg) => resultWithout(leg, 'unresolved', `still in the hands of ${workflowId}`)) };
}

/** Undefined when the time is over, or the workflow ended without a result. */
async function within<T>(deadlineMs: number, work: Promise<T>): Promise<T | undefined> {
  let ended = false;
  const settled = work.then(
    (value) => value,
    () => undefined,
  );
  void settled.finally(() => {
    ended = true;
  });
  return (await condition(() => ended, deadlineMs)) ? settled : undefined;
}
