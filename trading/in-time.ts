import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What `work` comes to. It goes on where it is late: nobody waits for it any more.
 *
 * @throws Error with `late` as its words, once it has taken longer than so many milliseconds
 */
export async function inTime<T>(work: Promise<T>, ms: number, late: string): Promise<T> {
  const over = new AbortController();
  const end = sleep(ms, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new Error(late);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    over.abort();
  }
}
