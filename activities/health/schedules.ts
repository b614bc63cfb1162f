import { type Client, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { askEveryMsOf } from '../../contracts/asking.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { askScheduleId, exportScheduleId, reconcileScheduleId, scheduleId } from '../../contracts/workflow-ids.ts';
import { type Observation, observed } from '../../domain/health/health.ts';
import { seatIds } from '../../domain/signals/seats.ts';
import { dueEveryMs } from '../../runtime/due-rounds.ts';

interface WatchedSchedule {
  id: string;
  code: 'schedule.overdue' | 'cycles.overdue';
}

/** Without a round for so many of its own intervals a schedule is overdue. */
const INTERVALS = 3;

export function watchedSchedules({ account, mode, agents }: Configuration): WatchedSchedule[] {
  const asked = seatIds.filter((seat) => askEveryMsOf(agents, seat) !== undefined);
  const rounds = [
    reconcileScheduleId(account),
    ...asked.map((seat) => askScheduleId(account, seat)),
    exportScheduleId(mode),
  ];
  return [
    { id: scheduleId(account), code: 'cycles.overdue' },
    ...rounds.map((id) => ({ id, code: 'schedule.overdue' as const })),
  ];
}

/**
 * A look at schedules whose rounds have stopped coming. How often one is due is what the schedule itself says, whoever set it; of one that is
 * paused none is.
 *
 * @returns looks at one of them
 */
export function createScheduleWatch(client: Client): (schedule: WatchedSchedule) => Promise<Observation[]> {
  /** Since when this process has seen each to expect rounds, in UTC epoch milliseconds: what was due before is not held against it. */
  const expectedSince = new Map<string, number>();
  return async ({ id, code }) => {
    const component = `schedule/${id}`;
    try {
      const schedule = await client.schedule.getHandle(id).describe();
      const everyMs = dueEveryMs(schedule);
      if (everyMs === undefined) {
        expectedSince.delete(id);
        return [observed(component)];
      }
      const now = Date.now();
      const since = expectedSince.get(id) ?? now;
      expectedSince.set(id, since);
      const { recentActions, lastUpdatedAt, createdAt } = schedule.info;
      const changedAt = (lastUpdatedAt ?? createdAt).getTime();
      const ageMs = now - Math.max(recentActions.at(-1)?.takenAt.getTime() ?? 0, changedAt, since);
      const words = `no round of ${id} began for ${seconds(ageMs)}, one is due every ${seconds(everyMs)}`;
      return [observed(component, ageMs > INTERVALS * everyMs && { code, detail: words })];
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
      expectedSince.delete(id);
      // Without the schedule of cycles nobody has asked for any.
      if (code === 'cycles.overdue') return [];
      return [observed(component, { code, detail: `there is no schedule ${id} any more` })];
    }
  };
}

/** Asks for a round now, unless one is under way, or a person has paused the schedule. */
export async function triggerRound(client: Client, id: string): Promise<string> {
  const schedule = client.schedule.getHandle(id);
  if ((await schedule.describe()).state.paused) throw new Error(`${id} was paused by a person, and stays so`);
  await schedule.trigger(ScheduleOverlapPolicy.SKIP);
  return `a round of ${id} was asked for`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
