import { AsyncLocalStorage } from 'node:async_hooks';

/** What the running code works for, e.g. a cycle's id: on every log line, trace and request that it makes. */
const current = new AsyncLocalStorage<string>();

export const CORRELATION_HEADER = 'x-correlation-id';

export function correlated<T>(correlationId: string, work: () => T): T {
  return current.run(correlationId, work);
}

export function correlationId(): string | undefined {
  return current.getStore();
}
