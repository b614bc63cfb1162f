import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import { UserError } from '../../contracts/errors.ts';
import type { TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { openConnection } from '../../runtime/temporal.ts';
import type { ProcessSpec } from './process-spec.ts';
import type { TemporalProfile } from './profile.ts';
import type { Place } from './web-ui/server.ts';

/** Of gRPC's status codes. */
const NOT_FOUND = 5;
const CONNECT_TIMEOUT_MS = 10_000;
const HOUR_MS = 3_600_000;
/** Of a profile that says nothing of it: the HTTP API, on a port that the server draws, would obey every web page. */
const closedHttpApi = { 'frontend.httpAllowedHosts': ['disabled.invalid'] };

/**
 * The development server as a process. It makes the namespace and the search attributes itself, where they are missing.
 *
 * @param webUi where its Web UI answers everybody who gets there; it has none without a place
 */
export function temporalServer(
  profile: TemporalProfile,
  binary: string,
  dataFolder: string,
  webUi?: Place,
): ProcessSpec {
  const { host, ports, namespace, database, pragmas, searchAttributes } = profile;
  return {
    name: 'temporal',
    command: binary,
    args: ['server', 'start-dev', '--ui-disable-news-fetch', '--log-format=json', '--log-level=warn'].concat(
      [`--ip=${host}`, `--port=${ports.grpc}`, `--namespace=${namespace}`],
      webUi ? [`--ui-ip=${webUi.host}`, `--ui-port=${webUi.port}`] : ['--headless'],
      [`--db-filename=${join(dataFolder, database)}`],
      ports.metrics === undefined ? [] : [`--metrics-port=${ports.metrics}`],
      flags('--sqlite-pragma', pragmas),
      flags('--search-attribute', searchAttributes),
      dynamicConfigFlags(profile),
    ),
    watched: true,
    // Slow is not dead: a restart takes from all what a slow server still gives them.
    answersWithinMs: CONNECT_TIMEOUT_MS,
    protectsMoney: true,
    port: ports.grpc,
    probe: async (signal) => {
      await waitForNamespace(profile, signal);
      return `${host}:${ports.grpc}`;
    },
  };
}

/** Values are JSON for the server: a duration is a string and keeps its quotes. It takes unknown keys in silence. */
export function dynamicConfigFlags({ dynamicConfig }: Pick<TemporalProfile, 'dynamicConfig'>): string[] {
  const values = Object.entries({ ...closedHttpApi, ...dynamicConfig }).map(([key, value]) => [
    key,
    JSON.stringify(value),
  ]);
  return flags('--dynamic-config-value', Object.fromEntries(values));
}

function flags(name: string, values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).map(([key, value]) => `${name}=${key}=${value}`);
}

/** Resolves when the server answers for the namespace, with the profile's retention. */
async function waitForNamespace(profile: TemporalProfile, signal: AbortSignal): Promise<void> {
  const address = `${profile.host}:${profile.ports.grpc}`;
  for (;;) {
    try {
      const connection = await openConnection(
        { address, namespace: profile.namespace, tls: false },
        CONNECT_TIMEOUT_MS,
      );
      try {
        return await connection.withAbortSignal(signal, () => setRetention(connection, profile));
      } finally {
        await connection.close();
      }
    } catch (error) {
      signal.throwIfAborted();
      await sleep(50, undefined, { signal });
      if (signal.aborted) throw error;
    }
  }
}

async function setRetention(
  { workflowService }: Connection,
  { namespace, retentionHours }: TemporalProfile,
): Promise<void> {
  const { config } = await workflowService.describeNamespace({ namespace });
  const wantedMs = retentionHours * HOUR_MS;
  if (tsToMs(config?.workflowExecutionRetentionTtl) === wantedMs) return;
  await workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: msToTs(wantedMs) },
  });
}

/** A server that is not ours to set up is only looked at: each thing that is missing is named with the command that makes it. */
export async function checkOtherServer(access: TemporalAccess, profile: TemporalProfile): Promise<void> {
  const { address, namespace } = access;
  const connection = await openConnection(access, CONNECT_TIMEOUT_MS).catch((error: unknown) => {
    throw new UserError(
      'TemporalUnreachable',
      `No Temporal server answers at ${address} (${error instanceof Error ? error.message : String(error)}): correct TEMPORAL_ADDRESS, TEMPORAL_TLS and TEMPORAL_API_KEY, or leave TEMPORAL_ADDRESS out to run one here.`,
    );
  });
  try {
    await connection.workflowService.describeNamespace({ namespace }).catch((error: unknown) => {
      if (grpcStatus(error) !== NOT_FOUND) throw error;
      throw new UserError(
        'TemporalNamespaceMissing',
        `The Temporal server at ${address} has no namespace ${namespace}: make it with "temporal operator namespace create --namespace ${namespace}", or name another in TEMPORAL_NAMESPACE.`,
      );
    });
    const missing = await missingSearchAttributes(connection, namespace, profile);
    if (missing.length === 0) return;
    const flags = missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' ');
    throw new UserError(
      'TemporalSearchAttributesMissing',
      `The namespace ${namespace} at ${address} lacks search attributes: make them with "temporal operator search-attribute create --namespace ${namespace} ${flags}".`,
    );
  } finally {
    await connection.close();
  }
}

function grpcStatus(error: unknown): number | undefined {
  return isGrpcServiceError(error) ? error.code : undefined;
}

async function missingSearchAttributes(
  { operatorService }: Connection,
  namespace: string,
  { searchAttributes }: TemporalProfile,
): Promise<[string, string][]> {
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    return Object.entries(searchAttributes).filter(([name]) => !(name in customAttributes));
  } catch {
    // Temporal Cloud does not let a namespace's key look: the first start of a workflow would say it.
    return [];
  }
}
