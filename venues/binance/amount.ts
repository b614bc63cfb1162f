import { z } from 'zod';
import { kindOf } from '../../contracts/ids.ts';
import { decimal, type Price, type Quantity, text } from '../../domain/money/money.ts';

/** A decimal as the venue writes it, e.g. `0.01000000`, read as ours: `0.01`. */
export const amount = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .transform((value) => text(decimal(value)));
export const price = kindOf<Price>(amount);
export const quantity = kindOf<Quantity>(amount);
