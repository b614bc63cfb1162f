import type { Client } from '@temporalio/client';
import { makeTelemetryFilterString, Runtime, type WorkerOptions } from '@temporalio/worker';
import { type Configuration, refusesForeignStarts } from '../contracts/config/schema.ts';
import { ExitCode, UserError } from '../contracts/errors.ts';
import type { Role } from '../contracts/roles.ts';
import { loadConfiguration } from '../runtime/configuration/load.ts';
import { loadSecrets, type Secrets, secretValues } from '../runtime/configuration/secrets.ts';
import { refuseReadablePayloads, temporalAccess } from '../runtime/configuration/temporal.ts';
import { refuseUnversioned } from '../runtime/deployment.ts';
import { createGuard } from '../runtime/guard/guard.ts';
import { ownAccountAlone } from '../runtime/guard/own-account.ts';
import { createPasses } from '../runtime/guard/passes.ts';
import { operationsPort, type ProbeOf, processName, roleRow, sdkMetricsPort } from '../runtime/roles.ts';
import { observed } from '../runtime/telemetry/activity.ts';
import { createErrorRate } from '../runtime/telemetry/error-rate.ts';
import { createLogger, type Logger } from '../runtime/telemetry/logger.ts';
import { metrics } from '../runtime/telemetry/metrics.ts';
import { startOperationsServer } from '../runtime/telemetry/operations-server.ts';
import { announceReady, onShutdown } from '../runtime/telemetry/process.ts';
import { sdkLogger } from '../runtime/telemetry/sdk-log.ts';
import { checkRounds } from '../runtime/telemetry/steady-rounds.ts';
import { startTracing } from '../runtime/telemetry/trace-export.ts';
import { clientOn, connectWorkers, createWorker, versionOf } from '../runtime/temporal.ts';
import type { Journal } from '../stores/journal/port.ts';
import { holdBooks } from './claim.ts';
import { watchProgress } from './progress-watch.ts';
import type { WorkflowBundle } from './workflow-bundle.ts';

export interface RoleContext {
  configuration: Configuration;
  secrets: Secrets;
  client: Client;
  logger: Logger;
}

export interface RoleParts<R extends Role> {
  workers: (WorkerOptions & { workflowBundle?: WorkflowBundle })[];
  /** That it works with, where it has any: it holds them together with the other processes of its stack. */
  books?: Pick<Journal, 'stacks'> | undefined;
  /** Run before the first poll. */
  beforePolling?: () => Promise<void>;
  /** Whether a person has allowed cycles to be started by hand at this time. */
  startsAllowedAt?: (at: number) => Promise<boolean>;
  /** What it depends on. */
  ready: Record<ProbeOf<R>, () => Promise<void>>;
  close(): Promise<void>;
}

const CORE_LOGS = makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' });
/** Longer than any step that must not be cut off: a submission to the exchange. */
const SHUTDOWN_GRACE = '6s';

/** One worker process: configuration, logs, /healthz and /metrics, its Temporal workers, and an orderly end. */
export async function runRole<R extends Role>(
  role: R,
  build: (context: RoleContext) => Promise<RoleParts<R>>,
): Promise<void> {
  // A worker may run without `npm start`: what it writes is for its owner alone there, too.
  process.umask(0o077);
  const configuration = loadConfiguration();
  const secrets = loadSecrets();
  const logger = createLogger({
    process: processName(role),
    level: configuration.logLevel,
    secrets: secretValues(secrets),
  });
  const { mode } = configuration;
  const stopTracing = await startTracing({ process: processName(role), mode, secrets: secretValues(secrets), logger });
  const sdkPort = sdkMetricsPort(configuration, role);
  Runtime.install({
    shutdownSignals: [],
    telemetryOptions: {
      // Of the SDK's own core too: a line that it wrote by itself was no JSON.
      logging: { forward: {}, filter: CORE_LOGS },
      metrics: {
        prometheus: {
          bindAddress: `127.0.0.1:${sdkPort}`,
          countersTotalSuffix: true,
          unitSuffix: true,
          useSecondsForDurations: true,
        },
      },
    },
    logger: sdkLogger(logger),
  });

  const temporal = temporalAccess();
  refuseReadablePayloads(configuration, temporal, secrets);
  const connection = await connectWorkers(temporal);
  const client = await clientOn(connection, temporal, secrets);
  const parts = await build({ configuration, secrets, client, logger }).catch((error: unknown) =>
    endForNewStart(error, logger),
  );
  const letGo = parts.books && (await holdBooks(parts.books, logger));
  for (const { workflowBundle } of parts.workers)
    if (workflowBundle) metrics.build.set({ build: workflowBundle.buildId }, 1);
  const hasWorkflows = parts.workers.some(({ workflowBundle }) => workflowBundle !== undefined);
  if (hasWorkflows && temporal.deployment === undefined) await refuseUnversioned(client);
  await parts.beforePolling?.();

  const { guardSecret } = secrets;
  const guard = createGuard({
    passes: createPasses(guardSecret),
    client,
    refuses: refusesForeignStarts(configuration),
    ...(parts.startsAllowedAt ? { allowedAt: parts.startsAllowedAt } : {}),
  });
  const countActivity = createErrorRate(processName(role));
  const workers = await Promise.all(
    parts.workers.map((options) =>
      createWorker(
        secrets,
        {
          connection,
          namespace: temporal.namespace,
          shutdownGraceTime: SHUTDOWN_GRACE,
          shutdownForceTime: '7s',
          interceptors: {
            activity: [ownAccountAlone(configuration.account), observed(countActivity)],
          },
          ...versionOf(temporal.deployment, options.workflowBundle, roleRow(role).versioning),
          ...options,
        },
        guard,
      ),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  const sdkMetrics = `http://127.0.0.1:${sdkPort}/metrics`;
  const progress = watchProgress({ workers, client, temporal, sdkMetrics, logger });
  const operations = await startOperationsServer({
    service: processName(role),
    port: operationsPort(configuration, role),
    sdkMetrics,
    checks: {
      alive: {
        [processName(role)]: () => {
          const stopped = workers.find((worker) => worker.getState() !== 'RUNNING');
          if (stopped) throw new Error(`the worker of ${stopped.options.taskQueue} is ${stopped.getState()}`);
        },
        work: () => progress.check(),
        rounds: () => checkRounds(),
      },
      ready: parts.ready,
    },
  });
  onShutdown(async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
    await progress.close();
    await operations.close();
    await letGo?.();
    await parts.close();
    await connection.close();
    await stopTracing();
  });
  announceReady(operations.url);
  logger.info({ queues: workers.map(({ options }) => options.taskQueue), url: operations.url }, 'ready');
  await running;
}

/** The supervisor knows by the exit code that starting this process again would mend nothing. */
function endForNewStart(error: unknown, logger: Logger): never {
  if (!(error instanceof UserError && error.exitCode === ExitCode.startAnew)) throw error;
  logger.fatal(error.message);
  process.exit(error.exitCode);
}
