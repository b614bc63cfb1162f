import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import type { PlanResult } from '../../contracts/cycle.ts';
import { legId } from '../../contracts/leg-ids.ts';
import type { ExecutePlanInput } from '../../contracts/order.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { planWorkflowId } from '../../contracts/workflow-ids.ts';
import { decimal, floorToStep, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { ChaosStack } from './stack.ts';
import { until } from './wait.ts';

/** Quote value of each leg. */
const NOTIONAL = '60';

type Run = (input: ExecutePlanInput) => Promise<PlanResult>;

async function legOf(stack: ChaosStack, cycleId: CycleId, symbol: string, index: number): Promise<OrderLeg> {
  const [{ ask }, { epoch }] = await Promise.all([stack.trading.touch(symbol), stack.journal.control.read('main')]);
  const { stepSize, tickSize, minNotional } = stack.trading.instrument(symbol);
  return {
    legId: legId('main', cycleId, symbol, index, 'open'),
    cycleId: cycleId,
    correlationId: cycleId,
    account: 'main',
    symbol,
    side: 'buy',
    purpose: 'open',
    type: 'limit',
    quantity: text(floorToStep(decimal(NOTIONAL).div(ask), decimal(stepSize))),
    limitPrice: text(floorToStep(decimal(ask).times('1.002'), decimal(tickSize))),
    timeInForce: 'IOC',
    restMs: 2_000,
    working: { style: 'once' },
    minNotional,
    epoch,
  };
}

/** Plans buys that are right only together, as no cycle does by itself, and has them worked to their end. */
export async function workLinkedPlan(
  stack: ChaosStack,
  cycleId: CycleId,
  symbols: readonly string[],
): Promise<PlanResult> {
  const legs = await until('prices of a linked plan', 60_000, () =>
    Promise.all(symbols.map((symbol, index) => legOf(stack, cycleId, symbol, index))),
  );
  await until('the reservation of a linked plan', 60_000, () =>
    stack.journal.cycles.plan(cycleId, 'main', Date.now(), () => ({
      cycleId,
      kind: 'linked',
      equity: tagged('0'),
      legs,
      verdicts: [],
      allocations: [],
    })),
  );
  const workflowId = planWorkflowId(cycleId);
  const handle = await until('a linked plan that could be started', 120_000, async (): Promise<WorkflowHandle<Run>> => {
    try {
      return await stack.client.workflow.start<Run>('executePlan', {
        workflowId,
        taskQueue: TaskQueue.execution,
        args: [{ cycleId: cycleId, legs, onLegFailure: 'flatten' }],
        workflowTaskTimeout: '2s',
      });
    } catch (error) {
      // The server died between its commit and its answer, or the reconciliation was faster.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return stack.client.workflow.getHandle<Run>(workflowId);
    }
  });
  return until('the end of a linked plan', 120_000, () => handle.result());
}
