import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { PASS_HEADER } from '../../contracts/pass.ts';
import type { Passes } from './passes.ts';

/**
 * Makes schedules anew that were there before this installation's secret, so that what they start bears its pass; times, pauses and notes stay.
 * One that is younger and bears none was made by somebody else, and is left as it is: what it starts gets nothing done where that is refused.
 *
 * @returns the ids of those that were made anew
 */
export async function renewSchedules(
  client: Client,
  passes: Passes,
  scheduleIds: readonly string[],
): Promise<string[]> {
  const renewed: string[] = [];
  for (const scheduleId of scheduleIds) {
    const handle = client.schedule.getHandle(scheduleId);
    const found = await handle.describe().catch((error: unknown) => {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw error;
    });
    if (!found || found.info.createdAt.getTime() >= passes.since) continue;
    if (passes.read(found.raw.schedule?.action?.startWorkflow?.header?.fields?.[PASS_HEADER])) continue;
    const { spec, action, policies, state } = found;
    const { paused, note } = state;
    await handle.delete();
    await client.schedule.create({
      scheduleId,
      spec,
      action: { ...action, workflowId: action.workflowId ?? scheduleId },
      policies,
      state: { paused, ...(note === undefined ? {} : { note }) },
    });
    renewed.push(scheduleId);
  }
  return renewed;
}
