import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { CORRELATION_HEADER, correlationIdSchema } from '../../contracts/correlation.ts';

/** The id that a header of Temporal's carries. Undefined of what is none or cannot be read: whoever reaches the server may send any. */
export function idIn(headers: Headers): string | undefined {
  const header = headers[CORRELATION_HEADER];
  try {
    return correlationIdSchema.safeParse(header && defaultPayloadConverter.fromPayload(header)).data;
  } catch {
    return undefined;
  }
}
