/** Of what Temporal carries from a workflow to its activities and children; the trace's id is made of what stands in it. */
export const CORRELATION_HEADER = 'sapphire-correlation';

/** The id that one of the arguments carries; undefined where none does. */
export function carriedId(args: readonly unknown[]): string | undefined {
  for (const argument of args) {
    if (typeof argument !== 'object' || argument === null || !('correlationId' in argument)) continue;
    if (typeof argument.correlationId === 'string') return argument.correlationId;
  }
  return undefined;
}
