import { z } from 'zod';

/** Of what Temporal carries from a workflow to its activities and children; the trace's id is made of what stands in it. */
export const CORRELATION_HEADER = 'sapphire-correlation';

/** Beside it, where a workflow's steps and children are told of in one trace: the text that names the trace. */
export const TRACE_HEADER = 'sapphire-trace';

/** Of W3C's Trace Context: of what a client of ours starts, the span that did; and of what one server of ours asks another. */
export const TRACEPARENT = 'traceparent';

/** What something is done for, e.g. a cycle's id: any text that can be a workflow's id, whose longest has 1,000 bytes. */
export const correlationIdSchema = z
  .string()
  .min(1)
  .max(1_000)
  .refine((id) => id.isWellFormed());

/** The id that one of the arguments carries; undefined where none does. */
export function carriedId(args: readonly unknown[]): string | undefined {
  for (const argument of args) {
    if (typeof argument !== 'object' || argument === null || !('correlationId' in argument)) continue;
    const { data } = correlationIdSchema.safeParse(argument.correlationId);
    if (data !== undefined) return data;
  }
  return undefined;
}
