import {
  BOOLEAN,
  DECIMAL,
  DOUBLE,
  DuckDBDecimalValue,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from '@duckdb/node-api';
import { type Column, type ColumnKind, DECIMAL_DIGITS, DECIMAL_PLACES } from '../../../contracts/warehouse/columns.ts';
import { batchColumns, type WarehouseTable } from '../../../contracts/warehouse/tables.ts';
import type { Batch } from '../port.ts';

type Cell = string | number | boolean | null;

/** How DuckDB keeps a kind of column, and in which form its cells are brought there. */
interface Kind {
  sql: string;
  brought: { sql: string; type: DuckDBType; value(cell: Cell): DuckDBValue };
  /** From the form in which it was brought. */
  select(column: string): string;
}

const ZEROS = '0'.repeat(DECIMAL_PLACES);
const DECIMAL_SQL = `DECIMAL(${DECIMAL_DIGITS}, ${DECIMAL_PLACES})`;

/** Digits as one whole number: DuckDB's own reading of a wide decimal takes twenty times as long. */
function decimalValue(cell: Cell): DuckDBDecimalValue {
  const plain = String(cell);
  const point = plain.indexOf('.');
  const places = point < 0 ? 0 : plain.length - point - 1;
  const digits = point < 0 ? plain : plain.slice(0, point) + plain.slice(point + 1);
  return new DuckDBDecimalValue(BigInt(digits + ZEROS.slice(places)), DECIMAL_DIGITS, DECIMAL_PLACES);
}

const itself = (cell: Cell): DuckDBValue => cell;
const asItIs = (column: string): string => `"${column}"`;
/** Whole numbers up to 2^53 are exact in it, and no object has to be made of each. */
const double = { sql: 'DOUBLE', type: DOUBLE, value: itself };
const text: Kind = { sql: 'VARCHAR', brought: { sql: 'VARCHAR', type: VARCHAR, value: itself }, select: asItIs };

const kinds: Record<ColumnKind, Kind> = {
  text,
  json: text,
  decimal: {
    sql: DECIMAL_SQL,
    brought: { sql: DECIMAL_SQL, type: DECIMAL(DECIMAL_DIGITS, DECIMAL_PLACES), value: decimalValue },
    select: asItIs,
  },
  number: { sql: 'DOUBLE', brought: double, select: asItIs },
  integer: { sql: 'BIGINT', brought: double, select: (column) => `CAST("${column}" AS BIGINT)` },
  time: {
    sql: 'TIMESTAMPTZ',
    brought: double,
    select: (column) => `make_timestamptz(CAST("${column}" AS BIGINT) * 1000)`,
  },
  flag: { sql: 'BOOLEAN', brought: { sql: 'BOOLEAN', type: BOOLEAN, value: itself }, select: asItIs },
};

export function typesOf(columns: readonly Column[]): DuckDBType[] {
  return columns.map(({ kind }) => kinds[kind].brought.type);
}

/** The rows' cells column by column, as DuckDB's chunks take them. */
export function columnsOfRows(columns: readonly Column[], rows: readonly Record<string, Cell>[]): DuckDBValue[][] {
  return columns.map(({ name, kind }) => {
    const { value } = kinds[kind].brought;
    return rows.map((row) => {
      const cell = row[name] ?? null;
      return cell === null ? null : value(cell);
    });
  });
}

/** `NAME TYPE, …` of the form in which rows are brought. */
export function columnList(columns: readonly Column[]): string {
  return columns.map(({ name, kind }) => `"${name}" ${kinds[kind].brought.sql}`).join(', ');
}

/** For a table without a row: the same columns, none of them filled. */
export function emptySelect({ columns }: WarehouseTable): string {
  return `SELECT ${columns.map(({ name, kind }) => `NULL::${kinds[kind].sql} AS "${name}"`).join(', ')} WHERE false`;
}

/** Columns that each row has of its own. */
export function ownColumns({ columns }: WarehouseTable): Column[] {
  return columns.filter(({ name }) => !isShared(name));
}

function isShared(name: string): boolean {
  return (batchColumns as readonly string[]).includes(name);
}

/** All columns in their order, over a table that has only those of the rows' own; what has no correlation id of its own has its cycle's. */
export function wholeSelect(table: WarehouseTable, { source, mode, ingestedAt }: Omit<Batch, 'rows'>): string {
  const shared: Record<(typeof batchColumns)[number], string> = {
    ingested_at: `make_timestamptz(${ingestedAt * 1_000})`,
    source: `'${source}'`,
    mode: `'${mode}'`,
    schema_version: `${table.version}::BIGINT`,
  };
  const expressions: Record<string, string> = { ...shared, correlation_id: 'coalesce("correlation_id", "cycle_id")' };
  return table.columns
    .map(({ name, kind }) => `${expressions[name] ?? kinds[kind].select(name)} AS "${name}"`)
    .join(', ');
}
