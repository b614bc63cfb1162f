import { fileURLToPath } from 'node:url';
import type { ClientInterceptors } from '@temporalio/client';
import type { KnownSecrets } from './configuration/secrets.ts';
import { passingClient } from './guard/client.ts';
import { createPasses } from './guard/passes.ts';
import { symbolsWithheld } from './sealed/client.ts';
import { tellingCause } from './telemetry/client.ts';

/** Around every call of every client, in this order. */
export function clientInterceptors({ guardSecret, payloadKeys }: KnownSecrets): ClientInterceptors {
  const { workflow, ...others } = guardSecret === undefined ? {} : passingClient(createPasses(guardSecret));
  const passing = Array.isArray(workflow) ? workflow : [];
  return { ...others, workflow: [tellingCause, ...passing, ...(payloadKeys === undefined ? [] : [symbolsWithheld])] };
}

/**
 * Paths of the modules that the bundle of workflows holds, each with an export `interceptors`.
 *
 * @param sealed whether payloads are encrypted
 */
export function workflowInterceptorModules(sealed: boolean): string[] {
  // What another one has done for a workflow, as the guard asks, is done under its id, too.
  const modules = ['telemetry/workflow.ts', 'guard/workflow.ts', ...(sealed ? ['sealed/workflow.ts'] : [])];
  return modules.map((module) => fileURLToPath(new URL(module, import.meta.url)));
}
