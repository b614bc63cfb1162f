import { type Client, WorkflowNotFoundError, type WorkflowStartOptions } from '@temporalio/client';
import { WorkflowIdConflictPolicy } from '@temporalio/common';
import { via } from '../../contracts/audit.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import type { Journal } from '../../stores/journal/port.ts';

/** Of the memo: runs of a release that knew no latch lack it. Raised with each change that a history of the latch does not survive. */
const RELEASE = 'release';
const LATCH_RELEASE = 3;

/** How trading control is started, whoever does it. */
export function tradingControlStart(account: string) {
  return {
    workflowId: TRADING_CONTROL_ID,
    taskQueue: TaskQueue.operations,
    args: [{}],
    // A worker that died holds it up for no longer than this.
    workflowTaskTimeout: '2s',
    staticSummary: `kill switch of the account ${account}`,
    memo: { [RELEASE]: LATCH_RELEASE },
  } satisfies WorkflowStartOptions;
}

/** Starts the account's control workflow where it does not run. It reads the books first, and carries out a halt that it finds there. */
export async function ensureTradingControl(client: Client, account: string): Promise<void> {
  await client.workflow.start('tradingControl', {
    ...tradingControlStart(account),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
  });
}

const ANSWER_MS = 3_000;

/** For /readyz: a latch that runs and does not answer carries out no stop. */
export async function refuseSilentControl(client: Client): Promise<void> {
  await client
    .withDeadline(Date.now() + ANSWER_MS, () => client.workflow.getHandle(TRADING_CONTROL_ID).query('state'))
    .catch((error: unknown) => {
      throw new Error(`the latch of the emergency stop does not answer: ${String(error)}`);
    });
}

/**
 * Puts the latch in the place of a trading control that an earlier release started. A stop that the old one had not come to the end of halts
 * trading anew: a person has to look at it.
 *
 * @returns whether there was one
 */
export async function replaceOlderControl(
  { client, journal }: { client: Client; journal: { control: Pick<Journal['control'], 'raiseHalt'> } },
  account: string,
): Promise<boolean> {
  const handle = client.workflow.getHandle(TRADING_CONTROL_ID);
  const found = await handle.describe().catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  });
  if (found?.status.name !== 'RUNNING' || found.memo?.[RELEASE] === LATCH_RELEASE) return false;
  const { pendingActivities, pendingWorkflowTask } = found.raw;
  if ((pendingActivities?.length ?? 0) > 0 || pendingWorkflowTask) {
    await journal.control.raiseHalt({
      requestId: `replaced/${found.runId}`,
      account,
      reason: 'trading control of an earlier release was replaced with work under way, which may have been a stop',
      by: 'sapphire',
      via: via.system('sapphire'),
    });
  }
  await handle.terminate('replaced by the latch of this release');
  await ensureTradingControl(client, account);
  return true;
}
