import { z } from 'zod';
import { periods } from '../domain/statistics/periods.ts';

/** Name of a trading account in the books, as an input of the workflows over one account. */
export const accountInput = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,60}$/, 'must be the short lower-case name of an account, e.g. main');

/** Of the workflow `flatten`: what is sold, and the halt that it is sold under. */
const amounts = z.array(z.strictObject({ symbol: z.string(), quantity: z.string() }));
export const flattenInput = z.strictObject({
  account: accountInput,
  epoch: z.int().nonnegative(),
  /** What the runs before this one have sold to its end. */
  before: z.strictObject({ sold: amounts, dust: amounts }).optional(),
});

/** Of the workflow `report`. */
export const periodInput = z.enum(periods);

/** Of the workflows that look at everything: they have none. */
export const noInput = z.tuple([]);
