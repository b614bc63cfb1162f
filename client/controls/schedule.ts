import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleHandle,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { type SearchAttributePair, TypedSearchAttributes } from '@temporalio/common';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { scheduleId } from '../../contracts/workflow-ids.ts';

/** A cycle that waits longer than this for the one before it, or for a server that was away, is not made up for: a stale cycle must not trade. */
const CATCH_UP_MS = 10_000;

export interface ScheduleView {
  id: string;
  intervalSeconds: number;
  paused: boolean;
  note: string;
  nextAt: number[];
}

/** By which a cycle is found as soon as it runs; the others say what came of it. */
export function cycleAttributes({ account, mode }: Pick<Configuration, 'account' | 'mode'>): SearchAttributePair[] {
  return [
    { key: searchAttributes.account, value: account },
    { key: searchAttributes.mode, value: mode },
  ];
}

/** Makes the account's schedule where there is none, and leaves one that a person changed or paused as it is, but that its cycles can be found. */
export async function ensureSchedule(client: Client, { account, cycle, mode }: Configuration): Promise<ScheduleHandle> {
  const id = scheduleId(account);
  try {
    return await client.schedule.create({
      scheduleId: id,
      spec: { intervals: [{ every: cycle.intervalSeconds * 1_000 }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'tradingCycle',
        workflowId: id,
        taskQueue: TaskQueue.cycles,
        args: [{}],
        workflowExecutionTimeout: cycle.intervalSeconds * 2_000,
        workflowTaskTimeout: '2s',
        staticSummary: `trading cycle of ${account} (${mode})`,
        typedSearchAttributes: cycleAttributes({ account, mode }),
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS, pauseOnFailure: false },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const handle = client.schedule.getHandle(id);
    const typedSearchAttributes = new TypedSearchAttributes(cycleAttributes({ account, mode }));
    await handle.update((known) => ({ ...known, action: { ...known.action, typedSearchAttributes } }));
    return handle;
  }
}

export async function viewSchedule(client: Client, account: string): Promise<ScheduleView> {
  const id = scheduleId(account);
  try {
    const { spec, state, info } = await client.schedule.getHandle(id).describe();
    return {
      id,
      intervalSeconds: (spec.intervals?.[0]?.every ?? 0) / 1_000,
      paused: state.paused,
      note: state.note ?? '',
      nextAt: info.nextActionTimes.slice(0, 3).map((time) => time.getTime()),
    };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) {
      throw new UserError(
        'ScheduleMissing',
        `There is no schedule ${id} yet. "npm start" or "./sapphire schedule set" makes it.`,
      );
    }
    throw error;
  }
}

/** Starts no new cycles, or some again; running ones go on. */
export async function switchSchedule(
  client: Client,
  account: string,
  { verb, reason }: { verb: 'pause' | 'resume'; reason: string },
): Promise<ScheduleView> {
  await viewSchedule(client, account);
  const handle = client.schedule.getHandle(scheduleId(account));
  await (verb === 'pause' ? handle.pause(reason) : handle.unpause(reason));
  return viewSchedule(client, account);
}

const TIMEOUT_MS = 2_500;

/** For a screen that waits for nobody. @returns `none` where nobody has made it; undefined where Temporal does not say in time */
export async function askSchedule(
  client: Client,
  account: string,
  moreMs = 0,
): Promise<ScheduleView | 'none' | undefined> {
  try {
    return await client.withDeadline(Date.now() + TIMEOUT_MS + moreMs, () => viewSchedule(client, account));
  } catch (error) {
    return error instanceof UserError && error.code === 'ScheduleMissing' ? 'none' : undefined;
  }
}

export async function setInterval(
  client: Client,
  configuration: Configuration,
  intervalSeconds: number,
): Promise<void> {
  const handle = await ensureSchedule(client, configuration);
  await handle.update((previous) => ({
    ...previous,
    spec: { intervals: [{ every: intervalSeconds * 1_000 }] },
    action: { ...previous.action, workflowExecutionTimeout: intervalSeconds * 2_000 },
  }));
}
