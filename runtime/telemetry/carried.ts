import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { CORRELATION_HEADER, correlationIdSchema } from '../../contracts/correlation.ts';

/**
 * The id that a header of Temporal's carries, or the text of another one. Undefined of what is none or cannot be read: whoever reaches the
 * server may send any.
 */
export function idIn(headers: Headers, name: string = CORRELATION_HEADER): string | undefined {
  const header = headers[name];
  try {
    return correlationIdSchema.safeParse(header && defaultPayloadConverter.fromPayload(header)).data;
  } catch {
    return undefined;
  }
}

/**
 * Run for hours or for ever, and are told of when they end: what is done for them would name, all that time, a parent that was not sent, in a
 * trace that grows without end. So each step of theirs is a trace of its own, linked to the run.
 */
const longLived: ReadonlySet<string> = new Set(['protectPosition', 'tradingControl']);

export function isLongLived(workflowType: string): boolean {
  return longLived.has(workflowType);
}
