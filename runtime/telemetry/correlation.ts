import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';
import { correlationIdSchema } from '../../contracts/correlation.ts';

/** What the running code works for, e.g. a cycle's id: on every log line, trace and request that it makes. */
const current = new AsyncLocalStorage<string>();

const HTTP_HEADER = 'x-correlation-id';

export function correlated<T>(correlationId: string, work: () => T): T {
  return current.run(correlationId, work);
}

export function correlationId(): string | undefined {
  return current.getStore();
}

/** What HTTP does not carry in a header, or not at its ends; and the sign by which it is written instead. */
const uncarried = /[^!-~]+|%/gu;

/**
 * Tells whom we ask what it is for. An id may be a workflow's that a person has named, in any language: what no header can hold is
 * percent-encoded, since a request with it would not even be sent.
 */
export function correlationHeaders(id: string | undefined): Record<string, string> {
  return id === undefined ? {} : { [HTTP_HEADER]: id.toWellFormed().replaceAll(uncarried, encodeURIComponent) };
}

/** What somebody asks us for; undefined where it was not said, or as nothing that can be an id. */
export function correlationOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers[HTTP_HEADER];
  return correlationIdSchema.safeParse(typeof given === 'string' ? decoded(given) : undefined).data;
}

/** One that others have written need not be encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
