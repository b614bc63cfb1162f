import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Connection } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import type { TemporalAccess } from '../runtime/configuration/temporal.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import { type QueueFigures, queueFigures } from '../runtime/telemetry/sdk-figures.ts';
import { openConnection } from '../runtime/temporal.ts';
import { createProgress, type Kept, type Link } from './progress.ts';

const EVERY_MS = 3_000;
const ANSWER_MS = 2_000;

interface Watched {
  workers: readonly Worker[];
  /** Over the connection that the workers poll with. */
  client: Client;
  temporal: TemporalAccess;
  /** Where the SDK tells its metrics. */
  sdkMetrics: string;
  logger: Pick<Logger, 'warn'>;
}

export interface ProgressWatch {
  /** @throws NotWorking where the workers do no work though there is some, or cannot get any */
  check(): void;
  close(): Promise<void>;
}

/** Samples what the workers of this process do, again and again. */
export function watchProgress({ workers, client, temporal, sdkMetrics, logger }: Watched): ProgressWatch {
  const progress = createProgress();
  const closing = new AbortController();
  const isReachable = createSecondWay(temporal);

  const sample = async (): Promise<void> => {
    const link = (await answers(client.connection)) ? 'answers' : await isReachable.ask();
    const response = await fetch(sdkMetrics, { signal: AbortSignal.timeout(ANSWER_MS) });
    const text = await response.text();
    const queues = workers.flatMap((worker) => keptBy(worker, queueFigures(text, worker.options.taskQueue)));
    progress.note({ at: Date.now(), ticks: performance.now(), link, queues });
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await sample().catch((error: unknown) =>
        logger.warn({ err: error }, 'the work of this process was not measured'),
      );
      await sleep(EVERY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };
  const running = run();

  return {
    check: progress.check,
    async close() {
      closing.abort();
      await running;
      await isReachable.close();
    },
  };
}

/** One connection may be dead, and another alive: only the second tells that from a server that is away. */
function createSecondWay(temporal: TemporalAccess) {
  let connection: Connection | undefined;
  const close = async (): Promise<void> => {
    const former = connection;
    connection = undefined;
    await former?.close().catch(() => undefined);
  };
  return {
    async ask(): Promise<Link> {
      try {
        connection ??= await openConnection(temporal, ANSWER_MS);
        if (await answers(connection)) return 'dead';
      } catch {
        // It is not reached that way either.
      }
      await close();
      return 'unreachable';
    },
    close,
  };
}

async function answers(connection: Pick<Client['connection'], 'withDeadline' | 'workflowService'>): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + ANSWER_MS, () => connection.workflowService.getSystemInfo({}));
    return true;
  } catch {
    return false;
  }
}

function keptBy(worker: Worker, { workflow, activity }: QueueFigures): Kept[] {
  const { taskQueue, maxConcurrentActivityTaskExecutions: mostActivities, workflowBundle, activities } = worker.options;
  const { numInFlightWorkflowActivations, numInFlightLocalActivities, numInFlightActivities } = worker.getStatus();
  return [
    ...(workflowBundle === undefined
      ? []
      : [
          {
            name: `workflows of ${taskQueue}`,
            moved: workflow.done,
            waiting: workflow.held - numInFlightWorkflowActivations - numInFlightLocalActivities,
            polls: workflow.polls,
            isFull: false,
          },
        ]),
    ...(activities.size === 0
      ? []
      : [
          {
            name: `activities of ${taskQueue}`,
            moved: activity.begun,
            received: activity.received,
            polls: activity.polls,
            isFull: numInFlightActivities >= (mostActivities ?? Number.POSITIVE_INFINITY),
          },
        ]),
  ];
}
