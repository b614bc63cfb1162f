import { z } from 'zod';

/** A cycle as the command line prints it. */
export const cycleSchema = z.object({
  id: z.string(),
  outcome: z.enum(['COMPLETED', 'DEGRADED', 'NO_TRADE', 'HALTED', 'SKIPPED_STALE']),
  signals: z.array(z.object({ agent: z.string(), symbol: z.string() })),
  abstentions: z.array(z.object({ agent: z.string(), reason: z.string(), detail: z.string() })),
  orders: z.array(z.object({ id: z.string(), state: z.string() })),
  fills: z.array(z.object({ price: z.string(), quantity: z.string() })),
  equity: z.string().optional(),
});

/** The one object that `npm start -- --cycles N --exit --json` prints last. */
export const runSchema = z.object({
  mode: z.literal('paper'),
  currency: z.literal('USDT'),
  equity: z.string(),
  cycles: z.array(cycleSchema),
  services: z.array(z.object({ name: z.string(), url: z.string() })),
  durations: z.object({ readyMs: z.number(), firstCycleMs: z.number(), totalMs: z.number() }),
});
