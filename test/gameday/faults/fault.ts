import type { GameDayStack } from '../stack.ts';

export interface Fault {
  name: string;
  /** What several faults have in common, e.g. that a process is killed, whichever it is. */
  kind: string;
  /** Components of incidents, or names of alerts, that tell of it. */
  tells: RegExp;
  /** Waits for what it needs, such as something that is held. */
  prepare?(stack: GameDayStack): Promise<void>;
  /**
   * Does it. Whatever lasts ends by itself: the time, UTC epoch milliseconds, at which it will have ended is returned.
   */
  inject(stack: GameDayStack): Promise<number>;
  /** What a person does later, once it was judged. */
  mend?(stack: GameDayStack): void;
}

/** Long enough for the slowest of the watchers to look once. */
export const LASTS_MS = 15_000;

/** Of what a process leaves undone while it is away. */
export const processTells = (name: string): RegExp => new RegExp(`^process/${name}$|^TradingSystemDown$`);

export function pidOf(stack: GameDayStack, name: string): number {
  const found = stack.processes().find((each) => each.name === name);
  if (found === undefined) throw new Error(`${name} does not run`);
  return found.pid;
}

/** Does something now and undoes it by a timer that is set at once. */
export function until(
  what: Pick<Fault, 'name' | 'kind' | 'tells'>,
  forMs: number,
  begin: (stack: GameDayStack) => (() => void) | Promise<() => void>,
): Fault {
  return {
    ...what,
    async inject(stack) {
      const end = await begin(stack);
      setTimeout(end, forMs);
      return Date.now() + forMs;
    },
  };
}
