import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { EventSource, TableName } from '../../../contracts/warehouse/tables.ts';
import { quoted } from '../duckdb/database.ts';
import type { Segment } from '../port.ts';
import { type SegmentFiles, sha256Of } from './files.ts';

/** What a row group may take in memory before it is written, and whenever it is read: rows of some tables are hundreds of kilobytes each. */
const ROW_GROUP = '16MB';

export interface Range {
  source: EventSource;
  from: number;
  to: number;
}

function place(value: number): string {
  return String(value).padStart(12, '0');
}

/**
 * Writes the rows of a query as a segment: beside its place first, then to the disk itself, then under its name. Whatever ends the process on the
 * way leaves a file that no manifest names.
 *
 * @param query whose columns are the table's
 */
export async function writeSegment(
  connection: DuckDBConnection,
  { folder, files }: { folder: string; files: SegmentFiles },
  { table, range, query }: { table: TableName; range: Range; query: string },
): Promise<Segment> {
  const { source, from, to } = range;
  await mkdir(join(folder, table), { recursive: true, mode: 0o700 });
  const draft = join(
    folder,
    table,
    `.${source}-${place(from)}-${place(to)}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`,
  );
  // Row groups are bounded by bytes only where the order of rows need not be kept; one that the query asks for is.
  await connection.run('SET preserve_insertion_order = false');
  await connection.run(
    `COPY (${query}) TO ${quoted(draft)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES '${ROW_GROUP}')`,
  );
  await files.sync(draft);
  const sha256 = await sha256Of(draft);
  const file = `${table}/${source}-${place(from)}-${place(to)}-${sha256.slice(0, 12)}.parquet`;
  const path = join(folder, file);
  await files.rename(draft, path);
  const reader = await connection.runAndReadAll(
    `SELECT count(*)::INTEGER AS rows, epoch_ms(min(event_at)) AS least, epoch_ms(max(event_at)) AS most FROM read_parquet(${quoted(path)})`,
  );
  const [known] = reader.getRowObjectsJS();
  return {
    table,
    file,
    source,
    from,
    to,
    rows: Number(known?.['rows']),
    bytes: (await stat(path)).size,
    sha256,
    minAt: Number(known?.['least'] ?? 0),
    maxAt: Number(known?.['most'] ?? 0),
  };
}
