import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { flattenWorkflowId } from '../../contracts/workflow-ids.ts';
import type { flatten } from '../flatten/flatten.ts';

/** Sells on its own, and a stop does not wait for it. Once an epoch, however often it is asked for. */
export async function startFlatten(account: string, epoch: number): Promise<void> {
  try {
    await startChild<typeof flatten>('flatten', {
      workflowId: flattenWorkflowId(account, epoch),
      taskQueue: TaskQueue.execution,
      args: [account, epoch],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowTaskTimeout: '2s',
      staticSummary: `sells everything that ${account} holds`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
