import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Configuration } from '../contracts/config/schema.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import {
  exportScheduleId,
  reconcileScheduleId,
  retentionScheduleId,
  scoringScheduleId,
} from '../contracts/workflow-ids.ts';

/** A round that was missed is not made up for: the next one sees everything that it would have seen. */
const CATCH_UP_MS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Round {
  /** Of the schedule and its workflows. */
  id: string;
  workflowType: 'reconcile' | 'scoreAgents' | 'exportEvents' | 'retention';
  args: string[];
  everyMs: number;
  /** Longest that one round may take: one that is still at work leaves the next ones out. */
  timeoutMs: number;
  summary: string;
}

/** Rounds over the account's books. A stop pauses none of them. */
function roundsOf({ account, mode }: Pick<Configuration, 'account' | 'mode'>, marketSpeed: number): Round[] {
  const rounds: Round[] = [
    {
      id: reconcileScheduleId(account),
      workflowType: 'reconcile',
      args: [account],
      everyMs: 30_000,
      timeoutMs: 60_000,
      summary: `books against exchange of ${account} (${mode})`,
    },
    {
      id: scoringScheduleId(account),
      workflowType: 'scoreAgents',
      args: [account],
      everyMs: 60_000,
      timeoutMs: 120_000,
      summary: `signals against outcomes of ${account} (${mode})`,
    },
    {
      id: exportScheduleId(mode),
      workflowType: 'exportEvents',
      args: [],
      everyMs: MINUTE_MS,
      timeoutMs: HOUR_MS,
      summary: `events to the warehouse (${mode})`,
    },
    {
      id: retentionScheduleId(mode),
      workflowType: 'retention',
      args: [],
      everyMs: 24 * HOUR_MS,
      timeoutMs: 2 * HOUR_MS,
      summary: `deletion of what is older than it is kept (${mode})`,
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
  for (const { id, workflowType, args, everyMs, timeoutMs, summary } of roundsOf(configuration, marketSpeed)) {
    try {
      await client.schedule.create({
        scheduleId: id,
        spec: { intervals: [{ every: everyMs }] },
        action: {
          type: 'startWorkflow',
          workflowType,
          workflowId: id,
          taskQueue: TaskQueue.operations,
          args,
          workflowExecutionTimeout: timeoutMs,
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
