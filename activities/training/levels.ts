import { z } from 'zod';
import type { OrderBook } from '../../domain/market.ts';

const level = z.tuple([z.string(), z.string()]);

/** A book as the warehouse keeps it: JSON text. */
export const bookLevelsSchema: z.ZodType<OrderBook> = z
  .string()
  .transform((text) => JSON.parse(text) as unknown)
  .pipe(z.object({ bids: z.array(level), asks: z.array(level) }));
