import { whileBeating } from '../runtime/while-beating.ts';

type Group = Record<string, (...args: never[]) => Promise<unknown>>;

/** The same activities, each of which beats while it works. */
export function beating<T extends Group>(group: T): T {
  const beats = Object.entries(group).map(([name, work]) => [
    name,
    (...args: Parameters<typeof work>) => whileBeating(() => work(...args)),
  ]);
  return Object.fromEntries(beats) as T;
}
