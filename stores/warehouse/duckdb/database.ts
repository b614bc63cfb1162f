import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type TableName, tables } from '../../../contracts/warehouse/tables.ts';
import type { Batch } from '../port.ts';
import { columnList, ownColumns, wholeSelect } from './columns.ts';

/** Rows of one chunk: DuckDB's own vector size. */
const CHUNK = 2_048;

export interface DuckDbLimits {
  threads: number;
  memoryMb: number;
  /** Where it may put what does not fit. */
  spillFolder: string;
}

/** A database in memory, for as long as one export or one report takes. Times are UTC. DuckDB is loaded at its first use: most processes have none. */
export async function withDuckDb<T>(
  { threads, memoryMb, spillFolder }: DuckDbLimits,
  work: (connection: DuckDBConnection, another: () => Promise<DuckDBConnection>) => Promise<T>,
): Promise<T> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${memoryMb}MB`,
    temp_directory: spillFolder,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connections: DuckDBConnection[] = [];
  const connect = async (): Promise<DuckDBConnection> => {
    const connection = await instance.connect();
    connections.push(connection);
    await connection.run("SET TimeZone = 'UTC'");
    return connection;
  };
  try {
    return await work(await connect(), connect);
  } finally {
    for (const connection of connections) connection.closeSync();
    instance.closeSync();
  }
}

/** Makes a view `name` over the rows that a batch has of a table. */
export async function loadRows(
  connection: DuckDBConnection,
  name: string,
  table: TableName,
  { rows, ...shared }: Batch,
): Promise<void> {
  const columns = ownColumns(tables[table]);
  const { chunkOf } = await import('./cells.ts');
  await connection.run(`CREATE TABLE "${name}_rows" (${columnList(columns)})`);
  const appender = await connection.createAppender(`${name}_rows`);
  const all = rows[table] ?? [];
  for (let start = 0; start < all.length; start += CHUNK) {
    appender.appendDataChunk(chunkOf(columns, all.slice(start, start + CHUNK)));
    await nextTurn();
  }
  appender.closeSync();
  await connection.run(`CREATE VIEW "${name}" AS SELECT ${wholeSelect(tables[table], shared)} FROM "${name}_rows"`);
}

export async function dropRows(connection: DuckDBConnection, name: string): Promise<void> {
  await connection.run(`DROP VIEW "${name}"; DROP TABLE "${name}_rows"`);
}

/** A text in SQL. */
export function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
