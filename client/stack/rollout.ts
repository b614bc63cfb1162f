import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { DEPLOYMENT } from '../../runtime/deployment.ts';

const UPDATE_WITHIN_MS = 20_000;
const RETRY_MS = 500;

/** What a server answers that knows no deployments, or does not let us make any. gRPC's status codes. */
const UNIMPLEMENTED = 12;
const PERMISSION_DENIED = 7;
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

/**
 * Makes a build the current one, before its workers poll: they would get nothing, and wait for the kill switch without end. What earlier builds
 * left pinned to them goes on on the current one, since nobody serves those any more; recorded histories hold that it can. May be repeated.
 *
 * @returns whether the server keeps the versions of workers apart
 */
export async function rollOutBy(
  client: Client,
  buildId: string,
  onProgress: (message: string) => void,
): Promise<boolean> {
  const { namespace, identity } = client.options;
  const setCurrent = () =>
    client.workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      identity,
      deploymentName: DEPLOYMENT,
      buildId,
      allowNoPollers: true,
      // A queue that a release no longer has is served by nobody: what is left on it is said by who took it over.
      ignoreMissingTaskQueues: true,
    });
  try {
    await client.withDeadline(Date.now() + UPDATE_WITHIN_MS, () => whileBusy(setCurrent));
  } catch (error) {
    if (![UNIMPLEMENTED, PERMISSION_DENIED].includes(statusOf(error) ?? 0)) throw error;
    onProgress(
      `WARNING: this Temporal server keeps no versions of workers (${detailsOf(error)}): they run without, and a new release takes over in the middle of what the last one began`,
    );
    return false;
  }
  await unpin(client, buildId);
  return true;
}

/** The server's own workflow of a deployment refuses a change now and then while versions make themselves known to it. */
async function whileBusy(change: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + UPDATE_WITHIN_MS;
  for (;;) {
    try {
      await change();
      return;
    } catch (error) {
      if (statusOf(error) !== FAILED_PRECONDITION || performance.now() > until) throw error;
      await sleep(RETRY_MS);
    }
  }
}

async function unpin(client: Client, buildId: string): Promise<void> {
  const { namespace } = client.options;
  const query = `TemporalWorkerDeployment = '${DEPLOYMENT}' AND TemporalWorkflowVersioningBehavior = 'Pinned' AND TemporalWorkerDeploymentVersion != '${DEPLOYMENT}:${buildId}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    await client.workflowService
      .updateWorkflowExecutionOptions({
        namespace,
        workflowExecution: { workflowId, runId },
        workflowExecutionOptions: { versioningOverride: { autoUpgrade: true } },
        updateMask: { paths: ['versioning_override'] },
      })
      .catch((error: unknown) => {
        // It has ended since it was listed.
        if (statusOf(error) !== NOT_FOUND) throw error;
      });
  }
}

function statusOf(error: unknown): number | undefined {
  return isGrpcServiceError(error) ? error.code : undefined;
}

function detailsOf(error: unknown): string {
  return isGrpcServiceError(error) ? error.details : String(error);
}
