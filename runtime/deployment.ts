import { type Client, isGrpcServiceError } from '@temporalio/client';
import { UserError } from '../contracts/errors.ts';

/** Of the processes of one system; it has a namespace of its own. */
export const DEPLOYMENT = 'sapphire';

/** What a server answers that knows no deployments, lets us see none, or has none of ours. gRPC's status codes. */
const WITHOUT_VERSIONS = [12, 7, 5];

/** Whose workers get the work. Undefined where the server keeps no versions apart, or lets us see none. */
export async function currentBuild({ workflowService, options: { namespace } }: Client): Promise<string | undefined> {
  const { workerDeploymentInfo: info } = await workflowService
    .describeWorkerDeployment({ namespace, deploymentName: DEPLOYMENT })
    .catch((error: unknown) => {
      if (isGrpcServiceError(error) && WITHOUT_VERSIONS.includes(error.code))
        return { workerDeploymentInfo: undefined };
      throw error;
    });
  return info?.routingConfig?.currentDeploymentVersion?.buildId || undefined;
}

/**
 * Asked by a worker that is of no version: where a version is the current one, all work goes to workers of that.
 *
 * @throws UserError WorkerUnversioned
 */
export async function refuseUnversioned(client: Client): Promise<void> {
  const buildId = await currentBuild(client);
  if (buildId === undefined) return;
  throw new UserError(
    'WorkerUnversioned',
    `This worker is of no version while ${DEPLOYMENT}:${buildId} is the current one, and would get nothing to do: set TEMPORAL_DEPLOYMENT_NAME=${DEPLOYMENT}.`,
  );
}
