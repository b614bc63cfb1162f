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

/** The id that one of an activity's arguments carries, itself or in its order leg; undefined where none does. */
export function carriedId(args: readonly unknown[]): string | undefined {
  for (const argument of args) {
    if (typeof argument !== 'object' || argument === null || !('correlationId' in argument)) continue;
    if (typeof argument.correlationId === 'string') return argument.correlationId;
  }
  return undefined;
}
