import { setTimeout } from 'node:timers/promises';

/** Time, as a step of trading has it handed in: an activity's ends with the activity, a backtest's is the market's. */
export interface Clock {
  /** UTC epoch milliseconds. */
  now(): number;
  /** Milliseconds since some moment, which no clock that is set moves. */
  elapsed(): number;
  /** Rejects where the work was called off meanwhile. */
  sleep(ms: number): Promise<unknown>;
}

/** This machine's. */
export const wallClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms) => setTimeout(ms),
};
