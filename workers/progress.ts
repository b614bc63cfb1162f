import { NotWorking } from '../runtime/telemetry/not-working.ts';

/** What keeps still for so long though there is work has stopped. */
const STILL_MS = 10_000;
/** A poll that finds nothing to do ends after a minute. */
const POLL_MS = 80_000;
/** Between two samples; a longer gap is one of the process itself, and says nothing of what is sampled. */
const GAP_MS = 12_000;

/** Whether Temporal answers: this process, another connection of it alone, or nobody. */
export type Link = 'answers' | 'dead' | 'unreachable';

/** Of one queue, for workflows or activities. Counts are since the process began. */
export interface Kept {
  name: string;
  /** Whatever was finished or begun. */
  moved: number;
  /** Of what waits to be begun, what polls have brought so far; for workflows what is held beside what is worked at. */
  received?: number;
  waiting?: number;
  /** That came to an end. */
  polls: number;
  /** All that may be worked at at once is: it does not ask for more. */
  isFull: boolean;
}

export interface Sample {
  /** UTC epoch milliseconds, and by the monotonic clock. */
  at: number;
  ticks: number;
  link: Link;
  queues: readonly Kept[];
}

interface Since {
  at: number;
  ticks: number;
}

interface Memory {
  last: Kept;
  /** What was received by the time that it moved last. */
  receivedBefore: number;
  movedSince: Since;
  polledSince: Since;
}

/**
 * Whether a worker does what it is there for, by samples of what it has done: it has tasks and begins or ends none, its polls never return, or
 * its connection is dead though another one is answered. A Temporal server that nobody reaches is no fault of this process, and ends all doubts.
 */
export function createProgress() {
  const memory = new Map<string, Memory>();
  let deadSince: Since | undefined;
  let lastTicks: number | undefined;
  let trouble: NotWorking | undefined;

  return {
    note({ at, ticks, link, queues }: Sample): void {
      const now: Since = { at, ticks };
      const isAfterGap = lastTicks === undefined || ticks - lastTicks > GAP_MS;
      lastTicks = ticks;
      if (isAfterGap || link !== 'answers') memory.clear();
      if (isAfterGap || link !== 'dead') deadSince = undefined;
      if (link === 'dead') deadSince ??= now;
      trouble = undefined;
      if (deadSince && ticks - deadSince.ticks >= STILL_MS) {
        trouble = lasting('its connection to Temporal is dead, though another one is answered', deadSince, at);
      }
      if (link !== 'answers') return;
      for (const kept of queues) {
        const found = remember(memory.get(kept.name), kept, now);
        memory.set(kept.name, found);
        trouble ??= troubleOf(found, now);
      }
    },

    /** @throws NotWorking by the last sample */
    check(): void {
      if (trouble) throw trouble;
    },
  };
}

function remember(before: Memory | undefined, kept: Kept, now: Since): Memory {
  if (!before) return { last: kept, receivedBefore: kept.received ?? 0, movedSince: now, polledSince: now };
  const hasMoved = kept.moved !== before.last.moved;
  const receivedBefore = hasMoved ? (kept.received ?? 0) : before.receivedBefore;
  const isWaiting = (kept.waiting ?? 0) > 0 || (kept.received ?? 0) > receivedBefore;
  return {
    last: kept,
    receivedBefore,
    movedSince: hasMoved || kept.isFull || !isWaiting ? now : before.movedSince,
    polledSince: kept.polls !== before.last.polls || kept.isFull ? now : before.polledSince,
  };
}

function troubleOf({ last: { name }, movedSince, polledSince }: Memory, now: Since): NotWorking | undefined {
  if (now.ticks - movedSince.ticks >= STILL_MS) {
    return lasting(`tasks of ${name} were brought and none is worked at`, movedSince, now.at);
  }
  if (now.ticks - polledSince.ticks >= POLL_MS) {
    return lasting(`no poll of ${name} came to an end`, polledSince, now.at);
  }
  return undefined;
}

function lasting(what: string, since: Since, at: number): NotWorking {
  return new NotWorking(`for ${Math.round((at - since.at) / 1_000)} s ${what}`, since.at);
}
