import { readFileSync } from 'node:fs';
import { NotWorking } from './not-working.ts';

const TICK_MS = 250;
/** Whatever is shorter holds nobody up for long. Without the time for which this thread waited for a processor. */
const LEAST_MS = 500;
const WINDOW_MS = 20_000;
/** One long standstill is over once it is told of, as after a machine slept; it is those that come again and again that leave no time for work. */
const LEAST_STANDSTILLS = 3;
const MOST_SHARE = 0.5;

interface Standstill {
  /** Of its beginning, UTC epoch milliseconds. */
  at: number;
  ms: number;
}

/**
 * Says of an event loop that stands still for most of the time that it does not work, though it answers now and then.
 *
 * @param waitedMs for how long this thread has waited for a processor so far: a machine that is too busy is not mended by a restart
 */
export function createLoopCheck(waitedMs: () => number = waitedForProcessorMs) {
  let standstills: Standstill[] = [];
  let tickedAt = performance.now();
  let waited = waitedMs();

  const tick = (): void => {
    const [now, waitedNow] = [performance.now(), waitedMs()];
    const ms = Math.round(now - tickedAt - TICK_MS);
    const ownMs = ms - (waitedNow - waited);
    [tickedAt, waited] = [now, waitedNow];
    const at = Date.now();
    standstills = standstills.filter((one) => one.at > at - WINDOW_MS);
    if (ownMs >= LEAST_MS) standstills.push({ at: at - ms, ms });
  };
  const timer = setInterval(tick, TICK_MS).unref();

  return {
    /** @throws NotWorking */
    check(): void {
      const [first] = standstills;
      const total = standstills.reduce((sum, { ms }) => sum + ms, 0);
      if (!first || standstills.length < LEAST_STANDSTILLS || total < MOST_SHARE * WINDOW_MS) return;
      throw new NotWorking(
        `the event loop stood still ${standstills.length} times, for ${Math.round(total / 1_000)} of the last ${WINDOW_MS / 1_000} s`,
        first.at,
      );
    },
    close: () => clearInterval(timer),
  };
}

/** Of the main thread, by the system's own count; 0 where it keeps none. */
function waitedForProcessorMs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}
