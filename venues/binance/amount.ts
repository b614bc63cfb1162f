import { z } from 'zod';
import { decimal, text } from '../../domain/money/money.ts';

/** A decimal as the venue writes it, e.g. `0.01000000`, read as ours: `0.01`. */
export const amount = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .transform((value) => text(decimal(value)));
