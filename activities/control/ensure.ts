import type { Client } from '@temporalio/client';
import { WorkflowIdConflictPolicy } from '@temporalio/common';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';

/** Starts the account's control workflow where it does not run. It reads the books first, and carries out a halt that it finds there. */
export async function ensureTradingControl(client: Client, account: string): Promise<void> {
  await client.workflow.start('tradingControl', {
    workflowId: TRADING_CONTROL_ID,
    taskQueue: TaskQueue.operations,
    args: [{ account }],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    staticSummary: `kill switch of the account ${account}`,
  });
}
