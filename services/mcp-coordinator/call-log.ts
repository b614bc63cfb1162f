import { AsyncLocalStorage } from 'node:async_hooks';

import type { Caller } from './authentication.ts';

/** What one HTTP request turned out to be; filled in by whatever handles it, logged as one line when the answer is out. */
export interface Call {
  caller: Caller;
  correlationId: string;
  /** The protocol's method, e.g. `tools/call`. */
  method: string;
  /** Name of the tool or URI of the resource. */
  target?: string;
  cycleId?: string;
  /** A call of a tool that never reached its handler was refused by the tool's schema. */
  outcome: 'ok' | 'refused' | 'failed';
  error?: string;
}

/** The call that the running code serves: the SDK makes a server for each request and has no field to carry it. */
export const currentCall = new AsyncLocalStorage<Call>();

export function noteOnCall(changes: Partial<Call>): void {
  const call = currentCall.getStore();
  if (call) Object.assign(call, changes);
}
