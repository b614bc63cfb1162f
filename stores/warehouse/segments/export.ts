import { mkdir } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { UserError } from '../../../contracts/errors.ts';
import type { ExportReport } from '../../../contracts/warehouse/reports.ts';
import { type TableName, tableNames } from '../../../contracts/warehouse/tables.ts';
import { dropRows, loadRows, withDuckDb } from '../duckdb/database.ts';
import type { Feed } from '../feeds.ts';
import type { Batch, Manifest, Segment } from '../port.ts';
import { changeManifest, type Warehouse } from '../warehouse.ts';
import { type Range, writeSegment } from './write.ts';

/**
 * Brings every event that is not there yet into the warehouse, batch by batch. Whatever interrupts it, and however many do it at once, each event
 * is there once: a batch counts with the commit of the manifest that names its segments and moves the cursor past its events.
 */
export async function exportEvents(
  warehouse: Warehouse,
  feeds: readonly Feed[],
  { signal, onBatch }: { signal?: AbortSignal; onBatch?: (report: ExportReport) => void } = {},
): Promise<ExportReport> {
  const total: ExportReport = { events: 0, rows: 0, segments: 0, bytes: 0 };
  for (;;) {
    signal?.throwIfAborted();
    const { isLast, ...done } = await exportBatch(warehouse, feeds);
    total.events += done.events;
    total.rows += done.rows;
    total.segments += done.segments;
    total.bytes += done.bytes;
    onBatch?.(total);
    if (isLast) return total;
  }
}

/** `isLast`: no feed had more. */
async function exportBatch(warehouse: Warehouse, feeds: readonly Feed[]): Promise<ExportReport & { isLast: boolean }> {
  const report = { events: 0, rows: 0, segments: 0, bytes: 0, isLast: true };
  await changeManifest(warehouse, async (manifest) => {
    report.events = 0;
    report.isLast = true;
    const batches: Ranged[] = [];
    for (const feed of feeds) {
      await refuseGap(feed, manifest);
      const after = manifest.cursors[feed.source];
      const read = await feed.read(after);
      if (!read) continue;
      const { batch, events, last, isLast } = read;
      if (batch.mode !== warehouse.mode) throw otherMode(warehouse, batch);
      report.events += events;
      if (!isLast) report.isLast = false;
      batches.push({ ...batch, range: { source: feed.source, from: after + 1, to: last } });
    }
    if (batches.length === 0) return undefined;
    const added = await writeBatches(warehouse, batches);
    report.segments = added.length;
    report.rows = added.reduce((total, segment) => total + segment.rows, 0);
    report.bytes = added.reduce((total, segment) => total + segment.bytes, 0);
    const moved = Object.fromEntries(batches.map(({ range: { source, to } }) => [source, to]));
    return {
      cursors: { ...manifest.cursors, ...moved },
      segments: [...manifest.segments, ...added],
      retired: manifest.retired,
    };
  });
  return report;
}

interface Ranged extends Batch {
  range: Range;
}

/** While DuckDB writes one table, the rows of the next are brought to it. */
async function writeBatches(warehouse: Warehouse, batches: readonly Ranged[]): Promise<Segment[]> {
  await mkdir(warehouse.folder, { recursive: true, mode: 0o700 });
  return withDuckDb(warehouse.limits, async (loading, another) => {
    const writing = await another();
    const segments: Promise<Segment>[] = [];
    try {
      for (const batch of batches) {
        for (const table of tableNames.filter((name) => batch.rows[name])) {
          const name = `${batch.source}_${table}`;
          await loadRows(loading, name, table, batch);
          const before = segments.at(-1);
          const written = writeOne(writing, warehouse, { name, table, range: batch.range }, before);
          // It is awaited below; until then a failure must not end the process.
          written.catch(() => undefined);
          segments.push(written);
        }
      }
      return await Promise.all(segments);
    } finally {
      await Promise.allSettled(segments);
    }
  });
}

async function writeOne(
  connection: DuckDBConnection,
  warehouse: Warehouse,
  { name, table, range }: { name: string; table: TableName; range: Range },
  before: Promise<unknown> | undefined,
): Promise<Segment> {
  await before;
  const segment = await writeSegment(connection, warehouse, { table, range, query: `SELECT * FROM "${name}"` });
  await dropRows(connection, name);
  return segment;
}

function otherMode({ mode }: Warehouse, batch: Batch): UserError {
  return new UserError(
    'OtherMode',
    `The ${batch.source} holds ${batch.mode} events, and this is the warehouse of ${mode}: the modes are never mixed. Use a data folder for each.`,
  );
}

/** Events that were deleted before they were exported cannot be made up for: said, never passed over. */
async function refuseGap(feed: Feed, { cursors }: Manifest): Promise<void> {
  const cursor = cursors[feed.source];
  const [trimmed, last] = await Promise.all([feed.trimmedThrough(), feed.lastSequence()]);
  if (last < cursor) {
    throw new UserError(
      'WarehouseAhead',
      `The warehouse has the ${feed.source}'s events up to ${cursor}, and the books end at ${last}: they were restored from an older backup. Restore the warehouse of the same backup.`,
    );
  }
  if (trimmed <= cursor) return;
  throw new UserError(
    'WarehouseBehind',
    `The warehouse has the ${feed.source}'s events up to ${cursor}, and those up to ${trimmed} are no longer kept there: it is older than its books. Restore a newer backup of it, or let it go on without them: "./sapphire warehouse skip" says what is missing.`,
  );
}
