import { AsyncLocalStorage } from 'node:async_hooks';

const waiting = new AsyncLocalStorage<true>();

/** A person waits for what is asked of the exchange in this work: it may use of the request weight what is kept from our own regular looks. */
export function forPerson<T>(work: () => Promise<T>): Promise<T> {
  return waiting.run(true, work);
}

export function isForPerson(): boolean {
  return waiting.getStore() ?? false;
}
