import type { DuckDBConnection } from '@duckdb/node-api';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import type { ExportReport } from '../../../contracts/warehouse/reports.ts';
import { type Row, type TableName, tableNames } from '../../../contracts/warehouse/tables.ts';
import { loadRows, withDuckDb } from '../duckdb/database.ts';
import type { Feed } from '../feeds.ts';
import type { Manifest, Rows, Segment } from '../port.ts';
import { changeManifest, type Warehouse } from '../warehouse.ts';
import { mkdir } from './files.ts';
import { type Range, writeSegment } from './write.ts';

/** Events of one commit: some tens of megabytes at most. */
const BATCH_EVENTS = 20_000;

interface Batch {
  range: Range;
  rows: Rows;
}

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
    const done = await exportBatch(warehouse, feeds);
    total.events += done.events;
    total.rows += done.rows;
    total.segments += done.segments;
    total.bytes += done.bytes;
    onBatch?.(total);
    if (done.events < BATCH_EVENTS) return total;
  }
}

async function exportBatch(warehouse: Warehouse, feeds: readonly Feed[]): Promise<ExportReport> {
  const report: ExportReport = { events: 0, rows: 0, segments: 0, bytes: 0 };
  await changeManifest(warehouse, async (manifest) => {
    report.events = 0;
    const batches: Batch[] = [];
    for (const feed of feeds) {
      await refuseGap(feed, manifest);
      const after = manifest.cursors[feed.source];
      const rows: Rows = {};
      const { events, last } = await feed.read(after, BATCH_EVENTS, rows);
      report.events = Math.max(report.events, events);
      if (events > 0) batches.push({ range: { source: feed.source, from: after + 1, to: last }, rows });
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

async function writeBatches(warehouse: Warehouse, batches: readonly Batch[]): Promise<Segment[]> {
  const segments: Segment[] = [];
  await mkdir(warehouse.folder, { recursive: true, mode: 0o700 });
  await withDuckDb(warehouse.limits, async (connection) => {
    for (const { range, rows } of batches) {
      for (const table of tableNames) {
        const part = rows[table];
        if (part) segments.push(await writeRows(connection, warehouse, table, range, part));
      }
    }
  });
  return segments;
}

async function writeRows(
  connection: DuckDBConnection,
  warehouse: Warehouse,
  table: TableName,
  range: Range,
  rows: readonly Row[],
): Promise<Segment> {
  await loadRows(connection, 'batch', table, rows);
  try {
    return await writeSegment(connection, warehouse, { table, range, query: 'SELECT * FROM batch' });
  } finally {
    await connection.run('DROP TABLE batch');
  }
}

/** Events that were deleted before they were exported cannot be made up for: said, never passed over. */
async function refuseGap(feed: Feed, { cursors }: Manifest): Promise<void> {
  const cursor = cursors[feed.source];
  const [trimmed, last] = await Promise.all([feed.trimmedThrough(), feed.lastSequence()]);
  if (last < cursor) {
    throw new UserError(
      'WarehouseAhead',
      `The warehouse has the ${feed.source}'s events up to ${cursor}, and the books end at ${last}: they were restored from an older backup. Restore the warehouse of the same backup.`,
      ExitCode.unhealthy,
    );
  }
  if (trimmed <= cursor) return;
  throw new UserError(
    'WarehouseBehind',
    `The warehouse has the ${feed.source}'s events up to ${cursor}, and those up to ${trimmed} are no longer kept there: it is older than its books. Restore a newer backup of it, or move its folder away and lose what came before.`,
    ExitCode.unhealthy,
  );
}
