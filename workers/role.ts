import { CancelledFailure } from '@temporalio/common';
import {
  type ActivityInboundCallsInterceptor,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { loadConfiguration } from '../contracts/config/load.ts';
import type { Configuration } from '../contracts/config/schema.ts';
import { loadSecrets, type Secrets, secretValues } from '../contracts/config/secrets.ts';
import { type TemporalAccess, temporalAccess } from '../contracts/config/temporal.ts';
import { type Role, roles } from '../contracts/roles.ts';
import { createErrorRate } from '../contracts/telemetry/error-rate.ts';
import { createLogger, type Logger } from '../contracts/telemetry/logger.ts';
import { type HealthChecks, startOperationsServer } from '../contracts/telemetry/operations-server.ts';
import { announceReady, onShutdown } from '../contracts/telemetry/process.ts';

export interface RoleContext {
  configuration: Configuration;
  secrets: Secrets;
  temporal: TemporalAccess;
  connection: NativeConnection;
  logger: Logger;
}

export interface RoleParts {
  workers: WorkerOptions[];
  /** Run before the first poll. */
  beforePolling?: () => Promise<void>;
  checks: HealthChecks;
  close(): Promise<void>;
}

/** Longer than any step that must not be cut off: a submission to the exchange. */
const SHUTDOWN_GRACE = '6s';

function countFailures(count: (failed: boolean) => void): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      try {
        const result = await next(input);
        count(false);
        return result;
      } catch (error) {
        count(!(error instanceof CancelledFailure));
        throw error;
      }
    },
  };
}

/** One worker process: configuration, logs, /healthz and /metrics, its Temporal workers, and an orderly end. */
export async function runRole(role: Role, build: (context: RoleContext) => Promise<RoleParts>): Promise<void> {
  const configuration = loadConfiguration();
  const secrets = loadSecrets();
  const logger = createLogger({
    process: `workers/${role}`,
    level: configuration.logLevel,
    secrets: secretValues(secrets),
  });
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      logger[level === 'ERROR' ? 'error' : 'warn'](meta ?? {}, message),
    ),
  });

  const temporal = temporalAccess();
  const connection = await NativeConnection.connect(temporal);
  const parts = await build({ configuration, secrets, temporal, connection, logger });
  await parts.beforePolling?.();

  const countActivity = createErrorRate(`workers/${role}`);
  const workers = await Promise.all(
    parts.workers.map((options) =>
      Worker.create({
        connection,
        namespace: temporal.namespace,
        shutdownGraceTime: SHUTDOWN_GRACE,
        shutdownForceTime: '7s',
        interceptors: { activity: [() => ({ inbound: countFailures(countActivity) })] },
        ...options,
      }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  const operations = await startOperationsServer({
    port: configuration.operationsPort + roles.indexOf(role),
    checks: {
      ...parts.checks,
      [`workers/${role}`]: () => {
        const stopped = workers.find((worker) => worker.getState() !== 'RUNNING');
        if (stopped) throw new Error(`the worker of ${stopped.options.taskQueue} is ${stopped.getState()}`);
      },
    },
  });
  onShutdown(async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
    await operations.close();
    await parts.close();
    await connection.close();
  });
  announceReady(operations.url);
  logger.info({ queues: workers.map(({ options }) => options.taskQueue), url: operations.url }, 'ready');
  await running;
}
