import type { ClientInterceptors } from '@temporalio/client';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { TemporalSecrets } from './temporal.ts';

/** Around every call of every client, in this order. */
export function clientInterceptors(_secrets: TemporalSecrets): ClientInterceptors {
  return {};
}

/** Around every attempt of every activity, in this order and outside of a process's own. */
export function activityInterceptors(_secrets: TemporalSecrets): ActivityInterceptorsFactory[] {
  return [];
}

/** Paths of the modules that the bundle of workflows holds, each with an export `interceptors`. */
export const workflowInterceptorModules: string[] = [];
