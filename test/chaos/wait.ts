import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until there is an answer. A question that fails is asked again: the one who is asked may have been killed. */
export async function until<T>(
  what: string,
  deadlineMs: number,
  look: () => Promise<T | undefined> | T | undefined,
  pauseMs = 100,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let fault: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
      fault = undefined;
    } catch (error) {
      fault = error;
    }
    if (Date.now() > end) {
      const why = fault instanceof Error ? `: ${fault.message}` : '';
      throw new Error(`${what} did not come within ${deadlineMs / 1_000} s${why}`);
    }
    await sleep(pauseMs);
  }
}
