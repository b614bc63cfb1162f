import { NotWorking } from './not-working.ts';

/**
 * Work that goes round by itself has come no further for so long: it hangs. Longer than any step may take, as a request to the exchange with its ten
 * seconds and its turn behind another, and soon enough to be an incident within a minute.
 */
export const STILL_MS = 40_000;

/** Work of this process that goes round and round, outside of what Temporal gives out and takes back. */
export interface SteadyRounds {
  /** It has come a step further: a round, or a part of one, has ended, well or not. */
  moved(): void;
  /** It goes round no more, on purpose. */
  over(): void;
}

const going = new Map<symbol, { name: string; at: number; ticks: number }>();

/** @param name for a person, e.g. `the exits of BTC/USDT` */
export function beginRounds(name: string, ticks: () => number = () => performance.now()): SteadyRounds {
  const key = Symbol(name);
  const moved = (): void => void going.set(key, { name, at: Date.now(), ticks: ticks() });
  moved();
  return { moved, over: () => void going.delete(key) };
}

/** @throws NotWorking where any of it hangs: a restart of the process begins it anew */
export function checkRounds(ticks: number = performance.now()): void {
  const hung = [...going.values()].filter((one) => ticks - one.ticks > STILL_MS);
  const [first] = hung.toSorted((one, other) => one.ticks - other.ticks);
  if (!first) return;
  const seconds = Math.round((ticks - first.ticks) / 1_000);
  const names = [...new Set(hung.map(({ name }) => name))].join(', ');
  throw new NotWorking(`${names} came no further for ${seconds} s`, first.at);
}
