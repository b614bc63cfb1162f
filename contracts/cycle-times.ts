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
