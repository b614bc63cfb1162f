import {
  BIGINT,
  BOOLEAN,
  DECIMAL,
  DOUBLE,
  DuckDBDecimalValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { type ColumnKind, DECIMAL_DIGITS, DECIMAL_PLACES } from '../../../contracts/warehouse/columns.ts';
import type { WarehouseTable } from '../../../contracts/warehouse/tables.ts';

type Cell = string | number | boolean | null;

/** How DuckDB keeps a kind of column, and takes its cells. */
interface Kind {
  sql: string;
  type: DuckDBType;
  value(cell: Cell): DuckDBValue;
}

const ZEROS = '0'.repeat(DECIMAL_PLACES);

/** Digits as one whole number: DuckDB's own reading of a wide decimal takes twenty times as long. */
function decimalValue(cell: Cell): DuckDBDecimalValue {
  const plain = String(cell);
  const point = plain.indexOf('.');
  const places = point < 0 ? 0 : plain.length - point - 1;
  const digits = point < 0 ? plain : plain.slice(0, point) + plain.slice(point + 1);
  return new DuckDBDecimalValue(BigInt(digits + ZEROS.slice(places)), DECIMAL_DIGITS, DECIMAL_PLACES);
}

const text: Kind = { sql: 'VARCHAR', type: VARCHAR, value: (cell) => cell };

const kinds: Record<ColumnKind, Kind> = {
  text,
  json: text,
  decimal: {
    sql: `DECIMAL(${DECIMAL_DIGITS}, ${DECIMAL_PLACES})`,
    type: DECIMAL(DECIMAL_DIGITS, DECIMAL_PLACES),
    value: decimalValue,
  },
  number: { sql: 'DOUBLE', type: DOUBLE, value: (cell) => cell },
  integer: { sql: 'BIGINT', type: BIGINT, value: (cell) => BigInt(Number(cell)) },
  time: {
    sql: 'TIMESTAMPTZ',
    type: TIMESTAMPTZ,
    value: (cell) => new DuckDBTimestampTZValue(BigInt(Number(cell)) * 1_000n),
  },
  flag: { sql: 'BOOLEAN', type: BOOLEAN, value: (cell) => cell },
};

export function typesOf({ columns }: WarehouseTable): DuckDBType[] {
  return columns.map(({ kind }) => kinds[kind].type);
}

/** The rows' cells column by column, as DuckDB's chunks take them. */
export function columnsOfRows({ columns }: WarehouseTable, rows: readonly Record<string, Cell>[]): DuckDBValue[][] {
  return columns.map(({ name, kind }) => {
    const { value } = kinds[kind];
    return rows.map((row) => {
      const cell = row[name] ?? null;
      return cell === null ? null : value(cell);
    });
  });
}

/** `NAME TYPE, …` */
export function columnList({ columns }: WarehouseTable): string {
  return columns
    .map(({ name, kind, nullable }) => `"${name}" ${kinds[kind].sql}${nullable ? '' : ' NOT NULL'}`)
    .join(', ');
}

/** For a table without a row: the same columns, none of them filled. */
export function emptySelect({ columns }: WarehouseTable): string {
  return `SELECT ${columns.map(({ name, kind }) => `NULL::${kinds[kind].sql} AS "${name}"`).join(', ')} WHERE false`;
}
