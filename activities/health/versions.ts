import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { type Observation, observed } from '../../domain/health/health.ts';

/** A worker asks again within a minute, whatever there is to do. */
const SERVED_WITHIN_MS = 90_000;
const PINNED = "TemporalWorkflowVersioningBehavior = 'Pinned' AND ExecutionStatus = 'Running'";
/** `deployment:build id`. */
const VERSION = defineSearchAttributeKey('TemporalWorkerDeploymentVersion', 'KEYWORD');
const MOST_NAMED = 5;

/**
 * Workflows that are pinned to a version which no worker serves: none of their steps is taken, and nothing else says so. A server that keeps no
 * versions apart pins nothing.
 *
 * @param at UTC epoch milliseconds
 */
export async function versionsObservation(client: Client, at: number): Promise<Observation[]> {
  const served = new Map<string, Promise<Set<string>>>();
  const stuck: Pinned[] = [];
  for await (const { workflowId, taskQueue, typedSearchAttributes } of client.workflow.list({ query: PINNED })) {
    const version = typedSearchAttributes.get(VERSION);
    if (version === undefined) continue;
    const versions = served.get(taskQueue) ?? servedVersions(client, taskQueue, at);
    served.set(taskQueue, versions);
    if (!(await versions).has(version)) stuck.push({ workflowId, version });
  }
  return [observed('versions', stuck.length > 0 && { code: 'version.unserved', detail: wordsOf(stuck) })];
}

interface Pinned {
  workflowId: string;
  version: string;
}

/** By its pollers for workflows, which is what a server tells that is asked for no kind. */
async function servedVersions(client: Client, name: string, at: number): Promise<Set<string>> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
  });
  const versions = (pollers ?? []).flatMap(({ deploymentOptions: of, lastAccessTime }) => {
    const isThere = lastAccessTime ? tsToMs(lastAccessTime) > at - SERVED_WITHIN_MS : false;
    return isThere && of?.buildId ? [`${of.deploymentName}:${of.buildId}`] : [];
  });
  return new Set(versions);
}

function wordsOf(stuck: readonly Pinned[]): string {
  const versions = [...new Set(stuck.map(({ version }) => version))].join(', ');
  const named = stuck.slice(0, MOST_NAMED).map(({ workflowId }) => workflowId);
  const more = stuck.length - named.length;
  const which = [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  return `no worker serves version ${versions}, to which is pinned: ${which}. Start its workers again, or have the current version go on with them: "npm start" again; on a cluster runbook TradingVersionUnserved.md`;
}
