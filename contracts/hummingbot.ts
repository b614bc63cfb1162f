import { z } from 'zod';
import { dashedSymbolText } from './decimal-text.ts';

/** Python writes very small numbers with an exponent. */
const number = z.string().regex(/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/);

/** What our controller in Hummingbot's engine says of its quotes; prices in the quote currency. */
export const quotingViewSchema = z.object({
  /** Hummingbot's way to write it, e.g. BTC-USDT. */
  trading_pair: dashedSymbolText,
  /** Seconds since 1970. */
  at: z.number().positive(),
  mid: number,
  reservation_price: number,
  /** From bid to ask. */
  spread: number,
  /** Base value against its target, −1 to 1: above 0 it holds more than it wants. */
  inventory_skew: number,
  samples: z.int().min(0),
});
export type QuotingView = z.output<typeof quotingViewSchema>;

/** One controller's report on the topic `performance`; a controller that has no price yet has an empty view. */
const reportSchema = z.object({
  at: z.number().positive(),
  realized_pnl: number,
  unrealized_pnl: number,
  volume: number,
  view: z.union([quotingViewSchema, z.object({}).transform(() => undefined)]),
});
export const performanceSchema = z.record(z.string(), z.union([reportSchema, z.object({}).transform(() => undefined)]));

/** What the process beside the engine serves at `/state`. */
export const engineStateSchema = z.object({
  /** `halted`: a stop holds it, and it has no open order. */
  state: z.enum(['quoting', 'halted', 'starting']),
  account: z.string(),
  controllers: z.array(
    z.object({
      id: z.string(),
      reportedAt: z.int(),
      realizedPnl: z.string(),
      unrealizedPnl: z.string(),
      volume: z.string(),
      view: quotingViewSchema.optional(),
    }),
  ),
});
export type EngineState = z.output<typeof engineStateSchema>;
