import { type Client, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { askEveryMsOf } from '../../contracts/asking.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { askScheduleId, exportScheduleId, reconcileScheduleId, scheduleId } from '../../contracts/workflow-ids.ts';
import { type Observation, observed } from '../../domain/health/health.ts';
import { seatIds } from '../../domain/signals/seats.ts';

export interface WatchedSchedule {
  id: string;
  /** Without a round for so long it is overdue. */
  withinMs: number;
  /** It need not exist: without the schedule of cycles nobody has asked for any. */
  optional: boolean;
}

export function watchedSchedules({ account, mode, cycle, warehouse, agents }: Configuration): WatchedSchedule[] {
  return [
    { id: scheduleId(account), withinMs: 3 * cycle.intervalSeconds * 1_000, optional: true },
    { id: reconcileScheduleId(account), withinMs: 90_000, optional: false },
    ...seatIds.flatMap((seat) => {
      const askEveryMs = askEveryMsOf(agents, seat);
      return askEveryMs === undefined
        ? []
        : { id: askScheduleId(account, seat), withinMs: 3 * askEveryMs, optional: false };
    }),
    { id: exportScheduleId(mode), withinMs: 3 * warehouse.exportSeconds * 1_000, optional: false },
  ];
}

/** A schedule whose rounds have stopped coming. One that a person paused is left alone. */
export async function scheduleObservation(
  client: Client,
  { id, withinMs, optional }: WatchedSchedule,
): Promise<Observation[]> {
  const overdue = (detail: string) => ({ code: 'schedule.overdue' as const, detail });
  const component = `schedule/${id}`;
  try {
    const { state, info } = await client.schedule.getHandle(id).describe();
    const last = info.recentActions.at(-1)?.takenAt ?? info.lastUpdatedAt ?? info.createdAt;
    const ageMs = Date.now() - (last?.getTime() ?? Date.now());
    const words = `no round of ${id} began for ${Math.round(ageMs / 1_000)} s, one is due every ${Math.round(withinMs / 3_000)} s`;
    return [observed(component, !state.paused && ageMs > withinMs && overdue(words))];
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    return optional ? [] : [observed(component, overdue(`there is no schedule ${id} any more`))];
  }
}

/** Asks for a round now, unless one is under way. */
export async function triggerRound(client: Client, id: string): Promise<string> {
  await client.schedule.getHandle(id).trigger(ScheduleOverlapPolicy.SKIP);
  return `a round of ${id} was asked for`;
}
