import { setTimeout as sleep } from 'node:timers/promises';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { isForPerson } from '../for-person.ts';

const MINUTE_MS = 60_000;
/** What looks leave to orders, cancels and the look-ups of a stop, which wait for nothing. */
const LOOKS_SHARE = 0.7;
/** A person who waits for an answer is not told that our own looks have used it up. */
const PERSONS_SHARE = 0.9;
const LOOK_AGAIN_MS = 500;
/** Whoever looks has a time limit of its own, and tells why it could not look better than that it took too long. */
const PATIENCE_MS = 5_000;

/**
 * The request weight that an exchange grants an address, in its own minutes. Every request of this process is counted, and the exchange's count,
 * which has those of the other processes too, takes the place of ours with each answer. Only looks are ever held back. Written here and not
 * taken from a library: those found count by a clock that people set, and take no count from outside.
 */
export interface RequestBudget {
  /** Whether a look may be made now. */
  hasRoom(): boolean;
  /** Waits a while until a look may be made. Throws where the exchange's minute goes on for longer. */
  room(): Promise<void>;
  spend(weight: number): void;
  /** What the exchange says was used in its minute. */
  told(used: number): void;
  /** It has refused for having been asked too much, and wants to be left alone for so long. */
  refused(forMs: number): void;
  /** What it grants in a minute. */
  granted(weight: number): void;
}

/**
 * @param perMinute what is granted until the exchange has said its limit.
 * @param venueNow the exchange's clock, UTC epoch milliseconds, by which its minutes turn.
 */
export function createRequestBudget(
  perMinute: number,
  venueNow: () => number,
  steady: () => number = () => performance.now(),
): RequestBudget {
  let limit = perMinute;
  let used = 0;
  let endsAt = 0;
  let refusedUntil = 0;

  const turn = (): void => {
    const now = steady();
    if (now < endsAt) return;
    used = 0;
    endsAt = now + MINUTE_MS - (venueNow() % MINUTE_MS);
  };
  const show = (): void => metrics.exchangeWeightUsed.set(used / limit);

  const hasRoom = (): boolean => {
    turn();
    const share = isForPerson() ? PERSONS_SHARE : LOOKS_SHARE;
    return used < limit * share && steady() >= refusedUntil;
  };

  return {
    hasRoom,
    async room() {
      const until = steady() + PATIENCE_MS;
      while (!hasRoom()) {
        if (steady() >= until)
          throw new Error(`no look while ${used} of ${limit} request weight of this minute are used`);
        await sleep(LOOK_AGAIN_MS);
      }
    },
    spend(weight) {
      turn();
      used += weight;
      show();
    },
    told(count) {
      turn();
      used = count;
      show();
    },
    refused(forMs) {
      refusedUntil = Math.max(refusedUntil, steady() + forMs);
    },
    granted(weight) {
      limit = weight;
    },
  };
}
