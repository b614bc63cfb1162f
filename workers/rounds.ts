import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleExecutionActionResult,
  type ScheduleHandle,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleSpec,
} from '@temporalio/client';
import { AROUND_ANSWER_MS, askEveryMsOf } from '../contracts/asking.ts';
import type { Configuration } from '../contracts/config/schema.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import {
  askScheduleId,
  backupScheduleId,
  exportScheduleId,
  healthScheduleId,
  reconcileScheduleId,
  reportScheduleId,
  retentionScheduleId,
  scoringScheduleId,
} from '../contracts/workflow-ids.ts';
import { seatIds } from '../domain/signals/seats.ts';
import { standingAnswerMs } from '../domain/signals/standing.ts';
import type { Period } from '../domain/statistics/periods.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

interface Round {
  /** Of the schedule and its workflows. */
  id: string;
  taskQueue: typeof TaskQueue.control | typeof TaskQueue.housekeeping | typeof TaskQueue.cycles;
  workflowType:
    | 'askAgent'
    | 'health'
    | 'reconcile'
    | 'scoreAgents'
    | 'exportEvents'
    | 'retention'
    | 'backup'
    | 'report';
  args: unknown[];
  spec: ScheduleSpec;
  /** How late a round may begin. What is looked at anew each time needs no round that was missed; a report does. */
  catchUpMs: number;
  /** Longest that one round may take: one that is still at work leaves the next ones out. */
  timeoutMs: number;
  /** One is made at each start of the worker, too. */
  atStart: boolean;
  summary: string;
}

type Looks = Pick<Round, 'spec' | 'catchUpMs' | 'timeoutMs' | 'atStart'>;

const every = (intervalMs: number, timeoutMs: number): Looks => ({
  spec: { intervals: [{ every: intervalMs }] },
  catchUpMs: 10 * SECOND_MS,
  timeoutMs,
  atStart: true,
});

const reportDays: Record<Period, ScheduleSpec> = {
  daily: { calendars: [{ hour: 0, minute: 10 }] },
  weekly: { calendars: [{ dayOfWeek: 'MONDAY', hour: 0, minute: 12 }] },
  monthly: { calendars: [{ dayOfMonth: 1, hour: 0, minute: 14 }] },
};

type RoundsOf = Pick<Configuration, 'account' | 'mode' | 'warehouse' | 'agents'>;

/** Of each agent that is asked so. A round of one whose answer nobody would hear asks nothing: while trading is halted, cycles are paused, or it is switched off. */
function askingsOf({ account, mode, agents }: RoundsOf): Round[] {
  return seatIds.flatMap((seat) => {
    const askEveryMs = askEveryMsOf(agents, seat);
    if (askEveryMs === undefined) return [];
    return {
      id: askScheduleId(account, seat),
      taskQueue: TaskQueue.cycles,
      workflowType: 'askAgent' as const,
      args: [{ account, seat }],
      ...every(askEveryMs, standingAnswerMs(askEveryMs) + AROUND_ANSWER_MS),
      summary: `a question to ${seat} (${mode})`,
    };
  });
}

/** All rounds but the trading cycle. A stop pauses none of them. */
function roundsOf(configuration: RoundsOf, marketSpeed: number): Round[] {
  const { account, mode, warehouse } = configuration;
  const onDays: Omit<Looks, 'spec'> = { catchUpMs: 2 * DAY_MS, timeoutMs: 13 * HOUR_MS, atStart: false };
  const rounds: Round[] = [
    ...askingsOf(configuration),
    {
      id: healthScheduleId(account),
      taskQueue: TaskQueue.housekeeping,
      workflowType: 'health',
      args: [],
      ...every(10 * SECOND_MS, MINUTE_MS),
      summary: `a look at every component (${mode})`,
    },
    {
      id: reconcileScheduleId(account),
      taskQueue: TaskQueue.control,
      workflowType: 'reconcile',
      args: [account],
      ...every(30 * SECOND_MS, MINUTE_MS),
      summary: `books against exchange of ${account} (${mode})`,
    },
    {
      id: scoringScheduleId(account),
      taskQueue: TaskQueue.housekeeping,
      workflowType: 'scoreAgents',
      args: [account],
      ...every(MINUTE_MS, 2 * MINUTE_MS),
      summary: `signals against outcomes of ${account} (${mode})`,
    },
    {
      id: exportScheduleId(mode),
      taskQueue: TaskQueue.housekeeping,
      workflowType: 'exportEvents',
      args: [],
      ...every(warehouse.exportSeconds * SECOND_MS, HOUR_MS),
      summary: `events to the warehouse (${mode})`,
    },
    {
      id: retentionScheduleId(mode),
      taskQueue: TaskQueue.housekeeping,
      workflowType: 'retention',
      args: [],
      ...every(DAY_MS, 2 * HOUR_MS),
      summary: `deletion of what is older than it is kept (${mode})`,
    },
    {
      id: backupScheduleId(mode),
      taskQueue: TaskQueue.housekeeping,
      workflowType: 'backup',
      args: [],
      spec: { calendars: [{ hour: 2, minute: 30 }] },
      ...onDays,
      summary: `backup of journal, market buffer and warehouse (${mode})`,
    },
    ...(['daily', 'weekly', 'monthly'] as const).map((period) => ({
      id: reportScheduleId(mode, period),
      taskQueue: TaskQueue.housekeeping,
      workflowType: 'report' as const,
      args: [period],
      spec: reportDays[period],
      ...onDays,
      summary: `${period} report (${mode})`,
    })),
  ];
  // In a fast replay a signal's horizon, told by the wall clock, ends at no minute that the market has.
  return rounds.filter(({ workflowType }) => workflowType !== 'scoreAgents' || marketSpeed === 1);
}

/** Of one queue. */
export function roundIds(configuration: RoundsOf, marketSpeed: number, queue: Round['taskQueue']): string[] {
  return roundsOf(configuration, marketSpeed).flatMap(({ id, taskQueue }) => (taskQueue === queue ? [id] : []));
}

/** Makes each schedule, or has it keep the configured times, and has a round of those made now that look at what is. */
export async function ensureRounds(
  client: Client,
  configuration: RoundsOf,
  marketSpeed: number,
  queue: Round['taskQueue'],
): Promise<void> {
  for (const round of roundsOf(configuration, marketSpeed).filter(({ taskQueue }) => taskQueue === queue)) {
    const handle = client.schedule.getHandle(round.id);
    const running = (await makeSchedule(client, round)) ? [] : await adjust(handle, round);
    // Nobody serves a round that an earlier release has begun on another queue.
    if (await isAnyElsewhere(client, running, round)) await handle.trigger(ScheduleOverlapPolicy.TERMINATE_OTHER);
    else if (round.atStart) await handle.trigger(ScheduleOverlapPolicy.SKIP);
  }
}

/** Ends the schedules of agents that each cycle asks, as those of a configuration of before may have been. */
export async function endFormerAskings(client: Client, configuration: RoundsOf): Promise<void> {
  for (const seat of seatIds.filter((id) => askEveryMsOf(configuration.agents, id) === undefined)) {
    await client.schedule
      .getHandle(askScheduleId(configuration.account, seat))
      .delete()
      .catch((error: unknown) => {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      });
  }
}

/**
 * A change of the configuration, or of the queue by a new release, shows at the next start; whoever paused a schedule keeps it paused.
 *
 * @returns its rounds that run
 */
async function adjust(
  handle: ScheduleHandle,
  { spec, taskQueue, timeoutMs: workflowExecutionTimeout }: Round,
): Promise<ScheduleExecutionActionResult[]> {
  let running: ScheduleExecutionActionResult[] = [];
  await handle.update((known) => {
    running = known.info.runningActions;
    return { ...known, spec, action: { ...known.action, taskQueue, workflowExecutionTimeout } };
  });
  return running;
}

async function isAnyElsewhere(
  client: Client,
  running: readonly ScheduleExecutionActionResult[],
  round: Round,
): Promise<boolean> {
  for (const { workflow } of running) {
    const handle = client.workflow.getHandle(workflow.workflowId, workflow.firstExecutionRunId);
    const { taskQueue, status } = await handle.describe();
    if (status.name === 'RUNNING' && taskQueue !== round.taskQueue) return true;
  }
  return false;
}

/**
 * Makes the schedules that are gone, as after a deletion by hand, and leaves the others as they are.
 *
 * @returns the ids of those that were gone
 */
export async function restoreRounds(client: Client, configuration: RoundsOf, marketSpeed: number): Promise<string[]> {
  const listed = new Set<string>();
  for await (const { scheduleId } of client.schedule.list()) listed.add(scheduleId);
  const gone: string[] = [];
  for (const round of roundsOf(configuration, marketSpeed)) {
    // The list is behind by a moment: one that it does not have may be there.
    if (!listed.has(round.id) && (await makeSchedule(client, round))) gone.push(round.id);
  }
  return gone;
}

/** False where it was there already, and is left as it is. */
async function makeSchedule(client: Client, round: Round): Promise<boolean> {
  const { id, taskQueue, workflowType, args, spec, catchUpMs, timeoutMs, summary } = round;
  try {
    await client.schedule.create({
      scheduleId: id,
      spec,
      action: {
        type: 'startWorkflow',
        workflowType,
        workflowId: id,
        taskQueue,
        args,
        workflowExecutionTimeout: timeoutMs,
        workflowTaskTimeout: '2s',
        staticSummary: summary,
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: catchUpMs, pauseOnFailure: false },
    });
    return true;
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}
