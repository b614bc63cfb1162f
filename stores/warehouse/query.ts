import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type TableName, tableNames, tables } from '../../contracts/warehouse/tables.ts';
import { emptySelect } from './duckdb/columns.ts';
import { loadRows, quoted, withDuckDb } from './duckdb/database.ts';
import type { Feed } from './feeds.ts';
import type { Manifest } from './port.ts';
import { currentManifest, type Warehouse } from './warehouse.ts';

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
  return withDuckDb(warehouse.limits, async (connection) => {
    const tail = await loadTail(connection, manifest, feeds);
    for (const table of tableNames) await createView(connection, warehouse, manifest, table, tail.get(table) ?? []);
    return work({ manifest, connection, query: (sql) => rowsOf(connection, sql) });
  });
}

/**
 * Everything that waits for its export, however much that is: an export that fails for days leaves out nothing of what came last.
 *
 * @returns the names of what was loaded, by table
 */
async function loadTail(
  connection: DuckDBConnection,
  { cursors }: Manifest,
  feeds: readonly Feed[],
): Promise<Map<TableName, string[]>> {
  const loaded = new Map<TableName, string[]>();
  for (const { source, read } of feeds) {
    for (let [after, isLast] = [cursors[source], false]; !isLast; ) {
      const part = await read(after);
      if (!part) break;
      const { batch } = part;
      for (const table of tableNames.filter((name) => batch.rows[name])) {
        const name = `tail_${source}_${after}_${table}`;
        await loadRows(connection, name, table, batch);
        loaded.set(table, [...(loaded.get(table) ?? []), name]);
      }
      ({ last: after, isLast } = part);
    }
  }
  return loaded;
}

async function createView(
  connection: DuckDBConnection,
  { folder }: Warehouse,
  { segments }: Manifest,
  table: TableName,
  tail: readonly string[],
): Promise<void> {
  const paths = segments.filter((segment) => segment.table === table).map(({ file }) => quoted(join(folder, file)));
  const parts = [emptySelect(tables[table])];
  if (paths.length > 0) parts.push(`SELECT * FROM read_parquet([${paths.join(', ')}], union_by_name = true)`);
  for (const name of tail) parts.push(`SELECT * FROM "${name}"`);
  await connection.run(`CREATE VIEW "${table}" AS ${parts.join(' UNION ALL BY NAME ')}`);
}

async function rowsOf(connection: DuckDBConnection, sql: string): Promise<Record<string, unknown>[]> {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRowObjectsJson();
}
