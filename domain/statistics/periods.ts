/** What a regular report is about. */
export const periods = ['daily', 'weekly', 'monthly'] as const;
export type Period = (typeof periods)[number];

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** 1970-01-05 was a Monday. */
const MONDAY_MS = 4 * DAY_MS;

/** The day, the week from Monday (ISO 8601) or the month that a moment lies in, UTC: from the first moment to before the second. */
export function periodOf(period: Period, at: number): { from: number; to: number } {
  if (period === 'daily') {
    const from = Math.floor(at / DAY_MS) * DAY_MS;
    return { from, to: from + DAY_MS };
  }
  if (period === 'weekly') {
    const from = Math.floor((at - MONDAY_MS) / (7 * DAY_MS)) * 7 * DAY_MS + MONDAY_MS;
    return { from, to: from + 7 * DAY_MS };
  }
  const date = new Date(at);
  const month = (add: number): number => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + add, 1);
  return { from: month(0), to: month(1) };
}

/**
 * Whether a moment lies within so long of now. One a little ahead of now counts as now: clocks are estimated. One further ahead than the window
 * itself was written under a clock that has been set right since, and would stand in the way for as long as that one was wrong.
 */
export function isWithin(windowMs: number, at: number, now: number): boolean {
  return Math.abs(now - at) < windowMs;
}

/** When the day that a moment lies in began, as limits count days: at `resetHour`, UTC. */
export function tradingDayStart(at: number, resetHour: number): number {
  const shift = resetHour * HOUR_MS;
  return Math.floor((at - shift) / DAY_MS) * DAY_MS + shift;
}
