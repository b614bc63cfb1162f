import type { CycleTerms } from './cycle.ts';

/*
 * A cycle has two intervals, of which the agents get at most the first. Each step takes at most its own time, retries included, and never what
 * the steps after it need at the least: so a cycle whose steps are all slow still decides, follows its orders for a while, and leaves its record.
 */

export interface StepTimes {
  mostMs: number;
  /** For the steps after it. */
  keepMs: number;
}

/** What the record needs at the end. */
const RECORD_MS = 5_000;

/** The agents' own time is the policy's, the orders' is the interval's. */
export const stepTimes = {
  snapshot: { mostMs: 10_000, keepMs: 30_000 },
  agents: { mostMs: Number.POSITIVE_INFINITY, keepMs: 20_000 },
  consensus: { mostMs: 10_000, keepMs: 10_000 },
  ownConsensus: { mostMs: 10_000, keepMs: 9_000 },
  prices: { mostMs: 6_000, keepMs: 7_000 },
  plan: { mostMs: 10_000, keepMs: RECORD_MS },
  orders: { mostMs: Number.POSITIVE_INFINITY, keepMs: RECORD_MS },
} as const satisfies Record<string, StepTimes>;

/** Between the agents' deadline and the decision: guests are heard, and the coordinator may hang. */
export const AFTER_AGENTS_MS = 15_000;

/** A step that has less is not begun: it would be cut off before it could do anything. */
const LEAST_MS = 250;

export type Step = keyof typeof stepTimes;
type End = Pick<CycleTerms, 'endsAt'>;

/** Of the cycle, without what the steps after this one need; may be below 0. */
export function timeLeft(step: Step, { endsAt }: End, now: number): number {
  return (endsAt ?? Number.POSITIVE_INFINITY) - now - stepTimes[step].keepMs;
}

/** What a step may take from now on: its own time, or what is left. In words where nothing is. */
export function timeGranted(
  step: Step,
  end: End,
  now: number,
  ownMs: number = stepTimes[step].mostMs,
): number | string {
  const leftMs = timeLeft(step, end, now);
  return leftMs < LEAST_MS ? `no time was left for its step "${step}"` : Math.min(ownMs, leftMs);
}
