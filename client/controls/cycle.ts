import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { WorkflowIdReusePolicy } from '@temporalio/common';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { CycleSummary, TradingCycleInput } from '../../contracts/cycle.ts';
import { UserError } from '../../contracts/errors.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { manualCycleId } from '../../contracts/workflow-ids.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { cycleAttributes } from './schedule.ts';

function cycleByHand({ account, cycle, mode }: Configuration, workflowId: CycleId, input: TradingCycleInput) {
  return {
    workflowId,
    taskQueue: TaskQueue.cycles,
    args: [input],
    workflowExecutionTimeout: cycle.intervalSeconds * 2_000,
    workflowTaskTimeout: '3s' as const,
    staticSummary: `trading cycle of ${account} (${mode}), by hand`,
    typedSearchAttributes: [
      ...cycleAttributes({ account, mode }),
      { key: searchAttributes.cycleId, value: workflowId },
    ],
  };
}

/** Runs one cycle now and waits for its end. */
export async function runCycle(
  client: Client,
  configuration: Configuration,
  input: TradingCycleInput,
): Promise<CycleSummary> {
  const workflowId = manualCycleId(configuration.account, Date.now());
  try {
    return await client.workflow.execute('tradingCycle', cycleByHand(configuration, workflowId, input));
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    throw new UserError('CycleFailed', `Cycle ${workflowId} failed: ${error.cause?.message ?? error.message}`);
  }
}

/** Starts one cycle and waits for nothing of it. The same moment twice is one cycle. */
export async function startCycle(
  client: Client,
  configuration: Configuration,
  { at, input }: { at: number; input: TradingCycleInput },
): Promise<CycleId> {
  const workflowId = manualCycleId(configuration.account, at);
  try {
    await client.workflow.start('tradingCycle', {
      ...cycleByHand(configuration, workflowId, input),
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return workflowId;
}
