import type { Client } from '@temporalio/client';
import { WorkflowIdReusePolicy } from '@temporalio/common';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { protectWorkflowId } from '../../contracts/workflow-ids.ts';

/**
 * Starts the protective exits of a symbol, or has those that run look again. By signal and not by a mere start: one that is about to end,
 * since its holding is sold, cannot end before it has seen the signal, and so it sees a holding that was opened in that very moment.
 */
export async function ensureProtection(client: Client, account: string, symbol: string): Promise<void> {
  await client.workflow.signalWithStart('protectPosition', {
    workflowId: protectWorkflowId(account, symbol),
    taskQueue: TaskQueue.control,
    args: [{ account, symbol }],
    signal: 'lookAgain',
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    // A worker that died holds its workflows up for no longer than this.
    workflowTaskTimeout: '2s',
    typedSearchAttributes: [
      { key: searchAttributes.account, value: account },
      { key: searchAttributes.symbols, value: [symbol] },
    ],
    staticSummary: `protective exits of ${symbol} (${account})`,
  });
}
