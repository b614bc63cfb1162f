const WINDOW_MS = 5 * 60_000;
const LAST_MINUTE_MS = 60_000;
const BUCKET_MS = 10_000;

interface Bucket {
  startsAt: number;
  total: number;
  failed: number;
}

interface Window {
  buckets: Bucket[];
  /** Milliseconds that only go on: a wall clock that is set back would keep old work in the window. */
  now: () => number;
}

const windows = new Map<string, Window>();

/** Of the buckets, those that are in the window at this moment. */
function current({ buckets, now }: Window): Bucket[] {
  const oldest = Math.floor(now() / BUCKET_MS) * BUCKET_MS - WINDOW_MS;
  while (buckets[0] && buckets[0].startsAt <= oldest) buckets.shift();
  return buckets;
}

/**
 * Counts the work and the failures of a service of this process over five minutes for `error_rate_percentage`, in buckets of ten seconds.
 * Whoever counts for the same service counts into the same window.
 */
export function createErrorRate(
  service: string,
  now: () => number = () => performance.now(),
): (failed: boolean) => void {
  const window = windows.get(service) ?? { buckets: [], now };
  windows.set(service, window);
  return (failed) => {
    const startsAt = Math.floor(window.now() / BUCKET_MS) * BUCKET_MS;
    const buckets = current(window);
    if (buckets.at(-1)?.startsAt !== startsAt) buckets.push({ startsAt, total: 0, failed: 0 });
    const newest = buckets.at(-1);
    if (newest) {
      newest.total += 1;
      newest.failed += failed ? 1 : 0;
    }
  };
}

/** Failed share of the last five minutes at this moment, 0 to 100, by service; of no work none failed. */
export const errorRates = (): Map<string, number> => shares(WINDOW_MS);

/** The same of the last minute: what has failed before and fails no more is well, though it is in the five minutes for four more. */
export const lastErrorRates = (): Map<string, number> => shares(LAST_MINUTE_MS);

function shares(lastMs: number): Map<string, number> {
  return new Map(
    [...windows].map(([service, window]) => {
      const oldest = Math.floor(window.now() / BUCKET_MS) * BUCKET_MS - lastMs;
      const buckets = current(window).filter(({ startsAt }) => startsAt > oldest);
      const total = buckets.reduce((sum, bucket) => sum + bucket.total, 0);
      const failed = buckets.reduce((sum, bucket) => sum + bucket.failed, 0);
      return [service, total === 0 ? 0 : (100 * failed) / total];
    }),
  );
}
