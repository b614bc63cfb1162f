import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for the work's end, and no longer than this; the work goes on. It leaves no timer behind that would keep a command from ending. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const end = (): void => over.abort();
  work.then(end, end);
  await sleep(ms, undefined, { signal: over.signal }).catch(() => undefined);
}
