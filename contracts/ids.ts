import { z } from 'zod';
import type { CycleId } from '../domain/orders/ids.ts';

/** What keeps to a schema bears the kind that the schema is of. */
export function kindOf<T extends string>(schema: z.ZodType<string>): z.ZodType<T> {
  return schema as unknown as z.ZodType<T>;
}

/** Of whoever asks for a cycle. */
export const cycleIdText = kindOf<CycleId>(z.string().min(1).max(200));
