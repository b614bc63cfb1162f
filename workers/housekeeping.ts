import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Configuration } from '../contracts/config/schema.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { reconcileScheduleId, scoringScheduleId } from '../contracts/workflow-ids.ts';

/** A round that was missed is not made up for: the next one sees everything that it would have seen. */
const CATCH_UP_MS = 10_000;

interface Round {
  /** Of the schedule and its workflows. */
  id: string;
  workflowType: 'reconcile' | 'scoreAgents';
  everyMs: number;
  summary: string;
}

/** Rounds over the account's books. A stop pauses none of them. */
function roundsOf({ account, mode }: Pick<Configuration, 'account' | 'mode'>, marketSpeed: number): Round[] {
  const rounds: Round[] = [
    {
      id: reconcileScheduleId(account),
      workflowType: 'reconcile',
      everyMs: 30_000,
      summary: `books against exchange of ${account} (${mode})`,
    },
    {
      id: scoringScheduleId(account),
      workflowType: 'scoreAgents',
      everyMs: 60_000,
      summary: `signals against outcomes of ${account} (${mode})`,
    },
  ];
  // In a fast replay a signal's horizon, told by the wall clock, ends at no minute that the market has.
  return rounds.filter(({ workflowType }) => workflowType !== 'scoreAgents' || marketSpeed === 1);
}

/** Makes each schedule where there is none, and has one round of each made now. */
export async function ensureHousekeeping(
  client: Client,
  configuration: Pick<Configuration, 'account' | 'mode'>,
  marketSpeed: number,
): Promise<void> {
  for (const { id, workflowType, everyMs, summary } of roundsOf(configuration, marketSpeed)) {
    try {
      await client.schedule.create({
        scheduleId: id,
        spec: { intervals: [{ every: everyMs }] },
        action: {
          type: 'startWorkflow',
          workflowType,
          workflowId: id,
          taskQueue: TaskQueue.operations,
          args: [configuration.account],
          workflowExecutionTimeout: everyMs * 2,
          workflowTaskTimeout: '2s',
          staticSummary: summary,
        },
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS, pauseOnFailure: false },
      });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
    await client.schedule.getHandle(id).trigger(ScheduleOverlapPolicy.SKIP);
  }
}
