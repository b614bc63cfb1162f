import { z } from 'zod';

const at = z.number().describe('UTC epoch milliseconds');
const source = z.enum(['journal', 'warehouse']).describe('Where the record was read');
const outcome = z.string().describe('COMPLETED, DEGRADED, NO_TRADE, HALTED or SKIPPED_STALE');

export const cycleSchema = z.object({
  id: z.string(),
  outcome,
  summary: z.string(),
  mode: z.enum(['paper', 'live']),
  startedAt: at,
  durationMs: z.number(),
  signals: z.array(
    z.object({ agent: z.string(), symbol: z.string(), expectedReturn: z.number(), conviction: z.number() }),
  ),
  abstentions: z.array(z.object({ agent: z.string(), symbol: z.string(), reason: z.string(), detail: z.string() })),
  consensus: z.array(
    z.object({ symbol: z.string(), direction: z.string(), conviction: z.number(), expectedReturn: z.number() }),
  ),
  orders: z.array(
    z.object({
      id: z.string(),
      symbol: z.string(),
      side: z.string(),
      quantity: z.string(),
      limitPrice: z.string(),
      state: z.string(),
      filledQuantity: z.string(),
      detail: z.string(),
    }),
  ),
  fills: z.array(
    z.object({
      symbol: z.string(),
      side: z.string(),
      price: z.string(),
      quantity: z.string(),
      fee: z.string(),
      feeAsset: z.string(),
      tradeId: z.string(),
    }),
  ),
  equity: z.string().optional(),
});

export const listedCycleSchema = cycleSchema.extend({ source });

/** The whole decision record: what was seen, said, agreed on, limited, sent and filled. */
export const trailSchema = z.object({
  cycleId: z.string(),
  correlationId: z.string(),
  runId: z.string().describe('Of the workflow, whose id is cycleId, in the Web UI of Temporal'),
  outcome,
  summary: z.string(),
  startedAt: at,
  finishedAt: at,
  epoch: z.int().describe('Of the last halt or resume before it'),
  snapshot: z.unknown().optional().describe('What the agents saw: when, where, and the mids'),
  prices: z.unknown().optional().describe('What it was decided on'),
  answers: z.array(z.unknown()).describe('What each agent said'),
  consensus: z.unknown().optional().describe('Votes, weights, quorum and dissent by symbol'),
  plan: z.unknown().optional().describe('Sizing: each limit that bound with before and after, and the legs'),
  orders: z.array(z.unknown()),
  fills: z.array(z.unknown()),
  equity: z.string().optional(),
  source,
  text: z.array(z.string()).describe('The same as lines for a person'),
});

export const agentsSchema = z.array(
  z.object({
    agent: z.string(),
    mission: z.boolean(),
    enabled: z.boolean(),
    role: z.string(),
    weight: z.number(),
    cap: z.number(),
    group: z.string(),
    pinned: z.boolean(),
    trust: z.number(),
    queue: z.string(),
    answered: z.int().describe('Of the last twenty cycles'),
    signals: z.int(),
    last: z.string(),
  }),
);

export const weightsSchema = z.array(
  z.object({
    cycleId: z.string(),
    at,
    symbol: z.string(),
    agent: z.string(),
    weight: z.number().describe('Part of the view that it carried, 0 to 1'),
    counted: z.boolean(),
  }),
);

export const costsSchema = z.object({
  since: at,
  costUsd: z.string(),
  models: z.array(
    z.object({ agentId: z.string(), model: z.string(), calls: z.int(), tokens: z.int(), costUsd: z.string() }),
  ),
});

export const reportSchema = z.object({
  report: z.string(),
  from: at,
  to: at,
  missing: z.array(z.unknown()).describe('Times of which events are nowhere any more'),
  rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
});

export const reportListSchema = z.array(
  z.object({
    name: z.string(),
    title: z.string(),
    description: z.string(),
    columns: z.array(z.object({ name: z.string(), title: z.string(), unit: z.string() })),
  }),
);
