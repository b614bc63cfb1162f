import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import { type Row, type TableName, tables } from '../../../contracts/warehouse/tables.ts';
import { columnList, columnsOfRows, typesOf } from './columns.ts';

/** Rows of one chunk: DuckDB's own vector size. */
const CHUNK = 2_048;

export interface DuckDbLimits {
  threads: number;
  memoryMb: number;
  /** Where it may put what does not fit. */
  spillFolder: string;
}

/** A database in memory, for as long as one export or one report takes. Times are UTC. */
export async function withDuckDb<T>(
  { threads, memoryMb, spillFolder }: DuckDbLimits,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${memoryMb}MB`,
    temp_directory: spillFolder,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Makes a table of the rows' own under `name`. */
export async function loadRows(
  connection: DuckDBConnection,
  name: string,
  table: TableName,
  rows: readonly Row[],
): Promise<void> {
  const definition = tables[table];
  await connection.run(`CREATE TABLE "${name}" (${columnList(definition)})`);
  const types = typesOf(definition);
  const appender = await connection.createAppender(name);
  for (let start = 0; start < rows.length; start += CHUNK) {
    const part = rows.slice(start, start + CHUNK);
    const chunk = DuckDBDataChunk.create(types, part.length);
    chunk.setColumns(columnsOfRows(definition, part));
    appender.appendDataChunk(chunk);
    await nextTurn();
  }
  appender.closeSync();
}

/** A text in SQL. */
export function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
