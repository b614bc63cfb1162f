import { z } from 'zod';

/** The last cycle of a page: the next one begins behind it, whatever has come before it meanwhile. */
export interface CyclePlace {
  finishedAt: number;
  cycleId: string;
}

const placeSchema = z.tuple([z.int().nonnegative(), z.string().min(1).max(200)]);

/** As text that an address takes: what stands in it is ours to change. */
export function cursorText({ finishedAt, cycleId }: CyclePlace): string {
  return encodeURIComponent(JSON.stringify([finishedAt, cycleId]));
}

export const cursorSchema = z
  .string()
  .max(1_000)
  .transform((text, context): CyclePlace => {
    try {
      const [finishedAt, cycleId] = placeSchema.parse(JSON.parse(decodeURIComponent(text)));
      return { finishedAt, cycleId };
    } catch {
      context.addIssue({ code: 'custom', message: 'is none that a page of this list ended with' });
      return z.NEVER;
    }
  });
