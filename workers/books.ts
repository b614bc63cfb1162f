import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { type BooksActivities, createBooksActivities, createServedBooks } from '../activities/books/index.ts';
import type { Configuration } from '../contracts/config/schema.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { startedEngines } from '../runtime/configuration/engines.ts';
import type { Journal } from '../stores/journal/port.ts';
import { openMarketBuffer } from '../stores/market-buffer/open.ts';
import { createSnapshotReader } from '../stores/market-buffer/snapshots.ts';
import { marketSpeed } from '../venues/access.ts';
import { openPerpetuals } from '../venues/perpetuals.ts';
import type { MarketDataPort, Venue } from '../venues/port.ts';
import { watchCycleSchedule } from './cycle-watch.ts';

const { TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;

/** A poll takes a minute where there is nothing to do, and the server remembers a worker that is gone for five. */
const SEEN_WITHIN_MS = 75_000;

export interface OwnBooks {
  activities: BooksActivities;
  close(): Promise<void>;
}

interface Needs {
  configuration: Configuration;
  journal: Journal;
  client: Client;
  logger: Logger;
}

/** A cycle's steps with the books, and the market buffer that is opened for them. */
export async function openBooks(
  { configuration, journal, client, logger }: Needs,
  market: MarketDataPort,
): Promise<OwnBooks> {
  const buffer = await openMarketBuffer(configuration, journal.id);
  const perpetuals = openPerpetuals(configuration, market, logger);
  // Told by whoever tells when the last cycle ended: of a process that cannot be heard neither is known, and no cycle is late.
  const stopWatching = watchCycleSchedule(client, configuration.account, logger);
  const readSnapshot = createSnapshotReader(buffer);
  const engines = startedEngines();
  return {
    activities: createBooksActivities({
      market,
      buffer,
      perpetuals,
      journal,
      configuration,
      engines,
      readSnapshot,
      logger,
    }),
    close: async () => {
      stopWatching();
      perpetuals?.close();
      await buffer.close();
    },
  };
}

/**
 * The queue `books`, with slots of its own. Market and buffer are opened at its first question: where cycles have the books themselves nobody
 * asks, and neither must stop an order where it cannot be opened.
 */
export function serveBooks(
  needs: Needs,
  venue: Pick<Venue, 'market'>,
): { worker: Pick<WorkerOptions, 'activities'> & { taskQueue: string }; close(): Promise<void> } {
  const { mode } = needs.configuration;
  let opening: Promise<OwnBooks> | undefined;
  const open = async (): Promise<OwnBooks> =>
    openBooks(needs, await venue.market(mode, marketSpeed(needs.configuration)));
  const opened = async (): Promise<BooksActivities> => {
    opening ??= open();
    try {
      return (await opening).activities;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  };
  return {
    worker: { taskQueue: TaskQueue.books, activities: createServedBooks(opened) },
    close: async () => (await opening?.catch(() => undefined))?.close(),
  };
}

/** @throws Error where no worker asks the queue `books` for work: a cycle without books could do nothing */
export async function refuseUnservedBooks({ workflowService, options: { namespace } }: Client): Promise<void> {
  const { pollers } = await workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: TaskQueue.books },
    taskQueueType: TASK_QUEUE_TYPE_ACTIVITY,
  });
  const seenAt = Math.max(
    0,
    ...(pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000),
  );
  if (Date.now() - seenAt > SEEN_WITHIN_MS) throw new Error(`no worker serves the queue "${TaskQueue.books}"`);
}
