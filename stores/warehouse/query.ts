import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { tableNames, tables } from '../../contracts/warehouse/tables.ts';
import { emptySelect } from './duckdb/columns.ts';
import { loadRows, quoted, withDuckDb } from './duckdb/database.ts';
import type { Feed } from './feeds.ts';
import type { Batch, Manifest } from './port.ts';
import { currentManifest, type Warehouse } from './warehouse.ts';

/** Events that a reader takes straight from their buffers: what is younger than the last export. */
const TAIL_EVENTS = 100_000;

export interface WarehouseReader {
  manifest: Manifest;
  connection: DuckDBConnection;
  /** Rows of a query over the tables' names. Times are epoch milliseconds, decimals text. */
  query(sql: string): Promise<Record<string, unknown>[]>;
}

/**
 * Every table as a view over its segments and, where feeds are given, what is not exported yet. Holds up no writer: segments never change, and a
 * file that is retired meanwhile stays for a while.
 */
export async function readWarehouse<T>(
  warehouse: Warehouse,
  feeds: readonly Feed[],
  work: (reader: WarehouseReader) => Promise<T>,
): Promise<T> {
  const manifest = await currentManifest(warehouse);
  const tail = (await Promise.all(feeds.map((feed) => feed.read(manifest.cursors[feed.source], TAIL_EVENTS))))
    .map((read) => read?.batch)
    .filter((batch) => batch !== undefined);
  return withDuckDb(warehouse.limits, async (connection) => {
    for (const table of tableNames) await createView(connection, warehouse, manifest, table, tail);
    return work({ manifest, connection, query: (sql) => rowsOf(connection, sql) });
  });
}

async function createView(
  connection: DuckDBConnection,
  { folder }: Warehouse,
  { segments }: Manifest,
  table: keyof typeof tables,
  tail: readonly Batch[],
): Promise<void> {
  const paths = segments.filter((segment) => segment.table === table).map(({ file }) => quoted(join(folder, file)));
  const parts = [emptySelect(tables[table])];
  if (paths.length > 0) parts.push(`SELECT * FROM read_parquet([${paths.join(', ')}], union_by_name = true)`);
  for (const batch of tail.filter(({ rows }) => rows[table])) {
    const name = `tail_${batch.source}_${table}`;
    await loadRows(connection, name, table, batch);
    parts.push(`SELECT * FROM "${name}"`);
  }
  await connection.run(`CREATE VIEW "${table}" AS ${parts.join(' UNION ALL BY NAME ')}`);
}

async function rowsOf(connection: DuckDBConnection, sql: string): Promise<Record<string, unknown>[]> {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRowObjectsJson();
}
