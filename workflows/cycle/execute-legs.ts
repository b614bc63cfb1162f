import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  log,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { CycleTerms, OrderResult, PlanResult } from '../../contracts/cycle.ts';
import type { ExecutePlanInput } from '../../contracts/order.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { orderWorkflowId, planWorkflowId } from '../../contracts/workflow-ids.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import type { executePlan } from '../order/execute-plan.ts';
import { resultWithout } from '../order/order-result.ts';
import { startOrder } from '../order/start-order.ts';
import { journalStep } from './journal-step.ts';
import { leftFor } from './time-left.ts';

/** Before a cycle ends, its record has to be left. */
const LEAST_RELEASE_MS = 1_000;

export interface Execution {
  orders: OrderResult[];
  /** Of a plan of linked legs. */
  plan?: Pick<PlanResult, 'end' | 'detail'>;
}

type Plan = Pick<OrderPlan, 'cycleId' | 'kind'> & { legs: readonly OrderLeg[] };
type Terms = Pick<CycleTerms, 'account' | 'orderDeadlineMs' | 'onLegFailure' | 'endsAt' | 'books'>;

/**
 * Has the legs of a plan executed, and waits for their ends as long as the cycle has time. Independent legs are all started at once, and each
 * ends by itself: what became of one is no reason to undo another. Linked ones are a saga's. What was not started gives its capital back.
 */
export async function executeLegs(terms: Terms, { cycleId, kind, legs }: Plan): Promise<Execution> {
  const stopped = CancellationScope.current().consideredCancelled;
  return CancellationScope.nonCancellable(async () => {
    if (stopped) return giveUp(legs, terms);
    const { account, orderDeadlineMs, onLegFailure } = terms;
    // The orders go on without the cycle: its end must not cost their start.
    const deadlineMs = Math.max(0, Math.min(orderDeadlineMs, leftFor('orders', terms)));
    // One linked leg needs no saga: there is nothing before it to be undone.
    if (kind !== 'independent' && legs.length > 1) {
      return followPlan(account, { cycleId, legs: [...legs], onLegFailure }, deadlineMs);
    }
    return { orders: await Promise.all(legs.map((leg) => followLeg(leg, deadlineMs))) };
  });
}

/** A journal that is away keeps the capital until a later plan finds the legs without an order, which gives it back. */
async function giveUp(legs: readonly OrderLeg[], terms: Terms): Promise<Execution> {
  const mostMs = Math.max(LEAST_RELEASE_MS, Math.min(10_000, leftFor('orders', terms)));
  const released = await Promise.allSettled(
    legs.map(({ legId }) => journalStep(mostMs, ({ releaseLeg }) => releaseLeg(legId), terms)),
  );
  for (const one of released) if (one.status === 'rejected') log.warn('a leg keeps its capital', { error: one.reason });
  return { orders: legs.map((leg) => resultWithout(leg, 'initialized', 'stopped before it was sent')) };
}

async function followLeg(leg: OrderLeg, deadlineMs: number): Promise<OrderResult> {
  const handle = await startOrder(leg);
  const end = await within(deadlineMs, handle?.result());
  return 'result' in end ? end.result : resultWithout(leg, 'unresolved', wordsOf(end, orderWorkflowId(leg.legId)));
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
  const end = await within(deadlineMs, handle?.result());
  if (!('result' in end)) {
    return { orders: legs.map((leg) => resultWithout(leg, 'unresolved', wordsOf(end, workflowId))) };
  }
  const { orders, end: how, detail } = end.result;
  return { orders, plan: { end: how, detail } };
}

type Followed<T> = { result: T } | { without: 'time' | 'result' };

/** A result, or why there is none: the time is over, another run has it in hand, or it ended without one. */
async function within<T>(deadlineMs: number, work: Promise<T> | undefined): Promise<Followed<T>> {
  let followed: Followed<T> = { without: 'time' };
  let isOver = false;
  if (!work || deadlineMs === 0) return followed;
  const take = (end: Followed<T>): void => {
    followed = end;
    isOver = true;
  };
  void work.then(
    (result) => take({ result }),
    () => take({ without: 'result' }),
  );
  await condition(() => isOver, deadlineMs);
  return followed;
}

function wordsOf({ without }: { without: 'time' | 'result' }, workflowId: string): string {
  return without === 'time' ? `still in the hands of ${workflowId}` : `${workflowId} ended without a result`;
}
