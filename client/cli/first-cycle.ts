import type { Client } from '@temporalio/client';
import type { Configuration } from '../../contracts/config/schema.ts';
import { ensureSchedule, type ScheduleView, viewSchedule } from '../controls/schedule.ts';
import { clock } from '../views/cycle-view.ts';

export interface Standing {
  /** Whether what was running until a kill goes on, and no person has asked for anything. */
  resumes: boolean;
  /** When the account's last cycle began, as the books have it; UTC epoch milliseconds. */
  lastStartedAt: number | undefined;
}

/**
 * A start that a person sees needs no interval's wait for what it does. But a cycle trades: none begins that a person has paused, and no more of them
 * than the schedule has, however often it is started anew.
 *
 * @returns why a start begins no cycle of its own, in a sentence for a person; undefined where it begins one
 */
export function whyNoCycle(
  { paused, note, nextAt, intervalSeconds }: Omit<ScheduleView, 'id'>,
  { resumes, lastStartedAt }: Standing,
  now: number,
): string | undefined {
  if (paused)
    return `The schedule is paused${note === '' ? '' : ` (${note})`}: no cycle starts until "./sapphire schedule resume".`;
  const [next] = nextAt;
  const then = next === undefined ? 'by its schedule' : `by its schedule, at ${clock(next)}`;
  if (resumes) return `This start goes on with what was running: the next cycle starts ${then}.`;
  if (lastStartedAt === undefined || now - lastStartedAt >= intervalSeconds * 1_000) return undefined;
  return `The last cycle began at ${clock(lastStartedAt)}: the next one starts ${then}.`;
}

/** Makes the schedule where there is none, and starts a cycle at once where nothing speaks against it. @returns what does */
export async function beginSchedule(
  client: Client,
  configuration: Configuration,
  standing: Standing,
): Promise<string | undefined> {
  const schedule = await ensureSchedule(client, configuration);
  const why = whyNoCycle(await viewSchedule(client, configuration.account), standing, Date.now());
  if (why === undefined) await schedule.trigger();
  return why;
}
