import { z } from 'zod';
import { notNegativeDecimalText } from '../decimal-text.ts';
import { type RiskSettings, riskSchema } from './schema.ts';

const amount = z.number().min(0);

/**
 * Limits as the books of any release hold them: of the type that the code needs, and not negative. A range or a rule between two of them that
 * came later is for what is written anew; were it held against what stands there, the release that brings it could not be started. A key that is
 * missing is newer than the row and has its default; one that nobody knows belongs to another release.
 */
export const storedRiskSchema = z.object(
  Object.fromEntries(
    Object.entries(riskSchema.parse({})).map(([key, value]) => [
      key,
      typeof value === 'string' ? notNegativeDecimalText.default(value) : amount.default(value),
    ]),
  ),
) as unknown as z.ZodType<RiskSettings>;
