import type { GameDayStack } from '../stack.ts';

export interface Fault {
  name: string;
  /** What several faults have in common, e.g. that a process is killed, whichever it is. */
  kind: string;
  /** Components of incidents, or names of alerts, that tell of it; `launcher` is what a service manager sees end. */
  tells: RegExp;
  /** Names of alerts that are true of it beside those: any other page is false. */
  pages?: RegExp;
  /** Of what advises alone: no page of it is true. */
  wakesNobody?: true;
  /** Has to stand in the detail of the incident that tells of it. */
  cause?: RegExp;
  /** Who has to be called, at the least. */
  calls?: 'team' | 'page';
  /** It does harm only so long after its injection, as what is true of three rounds in a row. In milliseconds. */
  holdsAfterMs?: number;
  /** A person's right, and no fault: nothing may be found, and nobody called. */
  isNone?: true;
  /** Waits for what it needs, such as something that is held. */
  prepare?(stack: GameDayStack): Promise<void>;
  /**
   * Does it. Whatever lasts ends by itself: the time, UTC epoch milliseconds, at which it will have ended is returned.
   */
  inject(stack: GameDayStack): Promise<number>;
  /** Whether it is over, where readiness and a good cycle do not tell. */
  isOver?(stack: GameDayStack): boolean | Promise<boolean>;
  /** What must not have happened by it, in words. */
  harm?(stack: GameDayStack, injectedAt: number): string | undefined | Promise<string | undefined>;
  /** What a person does later, once it was judged. */
  mend?(stack: GameDayStack): void | Promise<void>;
}

/** By which `--fault` names it: its name up to the first bracket or comma. */
export function idOf({ name }: Pick<Fault, 'name'>): string {
  const [words = name] = name.split(/ \(|, /);
  return words
    .replaceAll(/[’']/g, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '');
}

/** Long enough for the slowest of the watchers to look once. */
export const LASTS_MS = 15_000;

/** Of what a process leaves undone while it is away. */
export const processTells = (name: string): RegExp => new RegExp(`^process/${name}$|^TradingSystemDown$`);

const followers: Readonly<Record<string, RegExp>> = {
  temporal: /^Trading(CyclesStalled|HealthLookStale|ReconciliationStale|MarketDataStale|HighErrorRate|NoSignals)$/,
  'paper-exchange': /^TradingCircuitBreakerOpen$/,
  'workers/cycles': /^Trading(CyclesStalled|MarketDataStale)$/,
  'workers/agents': /^TradingNoSignals$/,
  'workers/execution': /^Trading(OrderUnresolved|CyclesStalled)$/,
  'workers/control': /^TradingReconciliationStale$/,
  'workers/housekeeping': /^TradingHealthLookStale$/,
  supervisor: /^Trading(SystemDown|CyclesStalled|HealthLookStale|ReconciliationStale|MarketDataStale)$/,
};

/** Names of alerts that are true while a process is away, since it does nothing. */
export const followsFrom = (name: string): RegExp => followers[name] ?? /^$/;

export function pidOf(stack: GameDayStack, name: string): number {
  const found = pidNow(stack, name);
  if (found === undefined) throw new Error(`${name} does not run`);
  return found;
}

export function pidNow(stack: GameDayStack, name: string): number | undefined {
  return stack.processes().find((each) => each.name === name)?.pid;
}

/** Does something now and undoes it by a timer that is set at once. */
export function until(
  what: Omit<Fault, 'inject'>,
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
