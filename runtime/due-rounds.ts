import type { ScheduleDescription } from '@temporalio/client';

/**
 * The longest time from one of a schedule's next rounds to the one after it, whoever set it, in milliseconds. Undefined where none is to be
 * expected: it is paused, or has no further round.
 */
export function dueEveryMs({ state, info }: Pick<ScheduleDescription, 'state' | 'info'>): number | undefined {
  if (state.paused) return undefined;
  const next = info.nextActionTimes.map((time) => time.getTime());
  const between = next.slice(1).map((at, place) => at - (next[place] ?? at));
  return between.length === 0 ? undefined : Math.max(...between);
}
