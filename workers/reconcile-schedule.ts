import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Configuration } from '../contracts/config/schema.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { reconcileScheduleId } from '../contracts/workflow-ids.ts';

const EVERY_MS = 30_000;
/** A look that was missed is not made up for: the next one sees everything that it would have seen. */
const CATCH_UP_MS = 10_000;

/** Makes the schedule of the looks where there is none, and has one look made now. A stop does not pause it. */
export async function ensureReconcileSchedule(
  client: Client,
  { account, mode }: Pick<Configuration, 'account' | 'mode'>,
): Promise<void> {
  const id = reconcileScheduleId(account);
  try {
    await client.schedule.create({
      scheduleId: id,
      spec: { intervals: [{ every: EVERY_MS }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'reconcile',
        workflowId: id,
        taskQueue: TaskQueue.operations,
        args: [account],
        workflowExecutionTimeout: EVERY_MS * 2,
        workflowTaskTimeout: '2s',
        staticSummary: `books against exchange of ${account} (${mode})`,
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS, pauseOnFailure: false },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  await client.schedule.getHandle(id).trigger(ScheduleOverlapPolicy.SKIP);
}
