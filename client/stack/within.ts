import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a work, but no longer than this: what hangs is left to itself. Rejects as the work does. */
export async function within(limitMs: number, work: Promise<unknown> | undefined): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([work, sleep(limitMs, undefined, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}
