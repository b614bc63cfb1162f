import { metrics } from './metrics.ts';

const WINDOW_MS = 5 * 60_000;

/** Counts work and failures of one process over five minutes for `error_rate_percentage`. */
export function createErrorRate(service: string, now: () => number = Date.now): (failed: boolean) => void {
  const ends: { at: number; failed: boolean }[] = [];
  const gauge = metrics.errorRatePercentage.labels({ service });
  gauge.set(0);
  return (failed) => {
    ends.push({ at: now(), failed });
    while ((ends[0]?.at ?? Number.POSITIVE_INFINITY) < now() - WINDOW_MS) ends.shift();
    gauge.set((100 * ends.filter((end) => end.failed).length) / ends.length);
  };
}
