import { z } from 'zod';

/** What may be away while the API answers. */
export const apiParts = ['journal', 'temporal', 'warehouse', 'coordinator', 'market', 'logs'] as const;
export type ApiPart = (typeof apiParts)[number];

export const degradedSchema = z
  .array(z.object({ part: z.enum(apiParts), reason: z.string() }))
  .describe('What is away, and why: what it tells is missing in data. Empty where nothing is');
export type Degraded = z.output<typeof degradedSchema>;

/** Every read: paper is never shown as live, and what is missing says why. `data` is null where nothing of it can be had. */
export function answerSchema<S extends z.ZodType>(data: S) {
  return z.object({
    account: z.string(),
    mode: z.enum(['paper', 'live']),
    demo: z.boolean().describe('Agents are taken at their word, without a record of their own'),
    degraded: degradedSchema,
    data: data.nullable(),
  });
}

export interface Answer<T> {
  account: string;
  mode: 'paper' | 'live';
  demo: boolean;
  degraded: Degraded;
  data: T | null;
}

/** A part of a list; `next`, where there is more, is what to ask for as `cursor`. */
export function pageSchema<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item), next: z.string().optional() });
}

export const MAX_PAGE = 200;
export const limitQuery = z.coerce.number().int().min(1).max(MAX_PAGE).default(50);
