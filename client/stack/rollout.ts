import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { UserError } from '../../contracts/errors.ts';
import { DEPLOYMENT } from '../../runtime/deployment.ts';

/** One attempt. */
const UPDATE_WITHIN_MS = 20_000;
/** All of them. */
const ROLL_OUT_WITHIN_MS = 60_000;
const RETRY_MS = 500;
const AGAIN_MS = 10_000;

/** What a server answers that knows no deployments, or does not let us make any. gRPC's status codes. */
const UNIMPLEMENTED = 12;
const PERMISSION_DENIED = 7;
const NOT_FOUND = 5;
/** The server's own workflow of a deployment refuses a change now and then while versions make themselves known to it. */
const FAILED_PRECONDITION = 9;
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
/** What a server answers, or does not, that is busy or slow, and may be otherwise in a moment. */
const passing = [CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, UNAVAILABLE];

/**
 * Makes a build the current one, before its workers poll: they would get nothing, and wait for the kill switch without end. What earlier builds
 * left pinned to them goes on on the current one, since nobody serves those any more; recorded histories hold that it can. May be repeated.
 *
 * @returns whether the server keeps the versions of workers apart
 * @throws UserError TemporalUnavailable where a busy server does not take it in time
 */
export async function rollOutBy(
  client: Client,
  buildId: string,
  onProgress: (message: string) => void,
  withinMs = ROLL_OUT_WITHIN_MS,
): Promise<boolean> {
  const { namespace, identity } = client.options;
  const rollOut = async (): Promise<void> => {
    await client.workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      identity,
      deploymentName: DEPLOYMENT,
      buildId,
      allowNoPollers: true,
      // A queue that a release no longer has is served by nobody: what is left on it is said by who took it over.
      ignoreMissingTaskQueues: true,
    });
    await unpin(client, buildId);
  };
  try {
    await fromSlowServer(client, `make build ${buildId} the current one of the workers`, rollOut, withinMs);
  } catch (error) {
    if (![UNIMPLEMENTED, PERMISSION_DENIED].includes(statusOf(error) ?? 0)) throw error;
    onProgress(
      `WARNING: this Temporal server keeps no versions of workers (${detailsOf(error)}): they run without, and a new release takes over in the middle of what the last one began`,
    );
    return false;
  }
  return true;
}

/**
 * Goes on with it where a start must not wait for it, since something is at stake: workers of the build that was current before are served at once,
 * and those of another one as soon as this is done. Never rejects.
 *
 * @param open a client of its own connection
 */
export async function keepRollingOut(
  open: () => Promise<Client>,
  buildId: string,
  {
    onProgress,
    signal,
    everyMs = AGAIN_MS,
  }: { onProgress: (message: string) => void; signal: AbortSignal; everyMs?: number },
): Promise<void> {
  while (!signal.aborted) {
    const client = await open().catch(() => undefined);
    try {
      if (client && (await rollOutBy(client, buildId, onProgress).catch(() => false))) {
        onProgress(`Build ${buildId} is the current one of the workers now`);
        return;
      }
    } finally {
      await client?.connection.close().catch(() => undefined);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Does what may be repeated, as often as it takes a server that is busy or slow.
 *
 * @param what it did not do, for a person
 * @throws UserError TemporalUnavailable where it does not in time
 */
export async function fromSlowServer<T>(
  client: Client,
  what: string,
  work: () => Promise<T>,
  withinMs = ROLL_OUT_WITHIN_MS,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await client.withDeadline(Date.now() + UPDATE_WITHIN_MS, work);
    } catch (error) {
      if (!passing.includes(statusOf(error) ?? 0)) throw error;
      if (performance.now() > until)
        throw new UserError(
          'TemporalUnavailable',
          `Temporal did not ${what} within ${Math.round(withinMs / 1_000)} s (${detailsOf(error)}).`,
          'It is slow, or its disk is: look at its log (./sapphire logs), and start again.',
        );
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
