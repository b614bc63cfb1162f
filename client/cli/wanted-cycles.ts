import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CycleRecord } from '../../contracts/cycle.ts';
import type { Journal } from '../../stores/journal/port.ts';

const POLL_MS = 200;
const LOOK_BACK = 50;

/** Books that cannot be read for a while, as on a full disk, must not end what runs. Undefined where the stack stops before they can. */
export async function onceReadable<T>(read: () => Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  while (!stop.aborted) {
    try {
      return await read();
    } catch {
      await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }
  return undefined;
}

/** Runs cycles one after the other, without waiting for the schedule. One that is under way at a stop goes on with the next start, and is not waited for. */
export async function* wantedCycles<Id>(
  count: number,
  run: () => Promise<{ cycleId: Id }>,
  find: (cycleId: Id) => Promise<CycleRecord | undefined>,
  stop: AbortSignal,
): AsyncGenerator<CycleRecord> {
  const stopped = once(stop, 'abort').then(() => undefined);
  for (let n = 0; n < count && !stop.aborted; n += 1) {
    const running = run();
    running.catch(() => {});
    const ended = await Promise.race([running, stopped]);
    if (!ended) return;
    const record = await onceReadable(() => find(ended.cycleId), stop);
    if (record) yield record;
  }
}

/** Yields each cycle of the schedule that finishes from now on, oldest first, until the stack stops. */
export async function* scheduledCycles(
  journal: Pick<Journal, 'cycles'>,
  account: string,
  stop: AbortSignal,
): AsyncGenerator<CycleRecord> {
  const list = async () => (await onceReadable(() => journal.cycles.list(account, LOOK_BACK), stop)) ?? [];
  const seen = new Set((await list()).map(({ cycleId }) => cycleId));
  while (!stop.aborted) {
    const newest = await list();
    for (const record of newest.toReversed()) {
      if (seen.has(record.cycleId)) continue;
      seen.add(record.cycleId);
      yield record;
    }
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}
