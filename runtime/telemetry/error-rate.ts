import { metrics } from './metrics.ts';

const WINDOW_MS = 5 * 60_000;
const BUCKET_MS = 10_000;

/** Counts the work and the failures of one process over five minutes for `error_rate_percentage`, in buckets of ten seconds. */
export function createErrorRate(service: string, now: () => number = Date.now): (failed: boolean) => void {
  const buckets: { startsAt: number; total: number; failed: number }[] = [];
  const sum = { total: 0, failed: 0 };
  const gauge = metrics.errorRatePercentage.labels({ service });
  gauge.set(0);
  return (failed) => {
    const startsAt = Math.floor(now() / BUCKET_MS) * BUCKET_MS;
    if (buckets.at(-1)?.startsAt !== startsAt) buckets.push({ startsAt, total: 0, failed: 0 });
    for (let first = buckets[0]; first && first.startsAt <= startsAt - WINDOW_MS; first = buckets[0]) {
      sum.total -= first.total;
      sum.failed -= first.failed;
      buckets.shift();
    }
    const failures = failed ? 1 : 0;
    const newest = buckets.at(-1);
    if (newest) {
      newest.total += 1;
      newest.failed += failures;
    }
    sum.total += 1;
    sum.failed += failures;
    gauge.set((100 * sum.failed) / sum.total);
  };
}
