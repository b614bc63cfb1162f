import { hostname, userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Client, ClientOptions, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection, Worker, WorkerOptions } from '@temporalio/worker';
import { payloadKeysIn } from '../contracts/config/payload-keys.ts';
import type { KnownSecrets } from './configuration/secrets.ts';
import type { TemporalAccess } from './configuration/temporal.ts';
import { admitNobody, type Guard } from './guard/guard.ts';
import { clientInterceptors } from './interceptors.ts';
import { createPayloadCodec } from './payload-codec.ts';
import { runSinks } from './telemetry/run-span.ts';

/** Those of a process; what stands in them decides how it speaks with Temporal, so that all processes need the same of these. */
export type TemporalSecrets = KnownSecrets;

/** Also of the bundle of workflows, which has it compiled in. */
export const payloadConverterPath = fileURLToPath(new URL('payload-converter.ts', import.meta.url));

/** The same for failures, where payloads are encrypted. */
export const failureConverterPath = fileURLToPath(new URL('sealed/failure-converter.ts', import.meta.url));

/** How every process of ours writes values for Temporal and reads them: encrypted where there is a key. */
export function dataConverter({ payloadKeys }: TemporalSecrets): DataConverter {
  if (payloadKeys === undefined) return { payloadConverterPath };
  return {
    payloadConverterPath,
    failureConverterPath,
    payloadCodecs: [createPayloadCodec(payloadKeysIn(payloadKeys))],
  };
}

/** A bare connection, for what concerns the server and no workflow. */
export async function openConnection(
  { address, namespace, tls, apiKey }: Pick<TemporalAccess, 'address' | 'namespace' | 'tls' | 'apiKey'>,
  connectTimeoutMs: number,
): Promise<Connection> {
  // Loaded at its first use: most commands speak with no Temporal.
  const temporal = await import('@temporalio/client');
  return temporal.Connection.connect({
    address,
    tls,
    connectTimeout: connectTimeoutMs,
    // Temporal Cloud routes by it.
    metadata: { 'temporal-namespace': namespace },
    ...(apiKey ? { apiKey } : {}),
  });
}

/** What a client needs besides its connection. */
export function clientOptions(secrets: TemporalSecrets): Pick<ClientOptions, 'dataConverter' | 'interceptors'> {
  return { dataConverter: dataConverter(secrets), interceptors: clientInterceptors(secrets) };
}

/** A client of its own connection, which whoever asked for it closes. The server notes whose it is, and the audit trail with it. */
export async function connectClient(
  access: TemporalAccess,
  secrets: TemporalSecrets,
  connectTimeoutMs: number,
): Promise<Client> {
  const connection = await openConnection(access, connectTimeoutMs);
  return clientOn(connection, access, secrets, `${userInfo().username}@${hostname()}/${process.pid}`);
}

/** A client over a connection that is there, as a worker's. */
export async function clientOn(
  connection: NonNullable<ClientOptions['connection']>,
  { namespace }: Pick<TemporalAccess, 'namespace'>,
  secrets: TemporalSecrets,
  identity?: string,
): Promise<Client> {
  const temporal = await import('@temporalio/client');
  return new temporal.Client({ connection, namespace, ...(identity ? { identity } : {}), ...clientOptions(secrets) });
}

export async function connectWorkers({
  namespace,
  deployment: _deployment,
  ...access
}: TemporalAccess): Promise<NativeConnection> {
  const temporal = await import('@temporalio/worker');
  return temporal.NativeConnection.connect({ ...access, metadata: { 'temporal-namespace': namespace } });
}

/** A build of a deployment. Workers without workflows are of no version: every build's workflows ask them. */
export function versionOf(
  deploymentName: string | undefined,
  bundle: { buildId: string } | undefined,
  defaultVersioningBehavior: 'PINNED' | 'AUTO_UPGRADE',
): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (deploymentName === undefined || bundle === undefined) return {};
  const version = { deploymentName, buildId: bundle.buildId };
  return { workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior } };
}

/** A worker's options with what all of them have in common; a process's own activity interceptors run within the guard's. */
export function workerOptions(secrets: TemporalSecrets, options: WorkerOptions, guard?: Guard): WorkerOptions {
  const { interceptors, activities } = options;
  return {
    ...options,
    dataConverter: dataConverter(secrets),
    // Workflows ask it, so that no worker may be without.
    activities: { ...activities, admit: guard?.admit ?? admitNobody },
    // The interceptor of the workflows tells it of each run.
    sinks: { ...options.sinks, ...runSinks },
    interceptors: {
      ...interceptors,
      activity: [...(guard ? [guard.activities] : []), ...(interceptors?.activity ?? [])],
    },
  };
}

export async function createWorker(secrets: TemporalSecrets, options: WorkerOptions, guard?: Guard): Promise<Worker> {
  const temporal = await import('@temporalio/worker');
  return temporal.Worker.create(workerOptions(secrets, options, guard));
}
