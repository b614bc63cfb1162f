import { fileURLToPath } from 'node:url';
import type { ClientInterceptors } from '@temporalio/client';
import { passingClient } from './guard/client.ts';
import { createPasses } from './guard/passes.ts';
import type { TemporalSecrets } from './temporal.ts';

/** Around every call of every client, in this order. */
export function clientInterceptors({ guardSecret }: TemporalSecrets): ClientInterceptors {
  return guardSecret === undefined ? {} : passingClient(createPasses(guardSecret));
}

/** Paths of the modules that the bundle of workflows holds, each with an export `interceptors`. */
export const workflowInterceptorModules: string[] = [fileURLToPath(new URL('guard/workflow.ts', import.meta.url))];
