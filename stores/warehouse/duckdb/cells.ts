import {
  BOOLEAN,
  DECIMAL,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBDecimalValue,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from '@duckdb/node-api';
import { type Column, type ColumnKind, DECIMAL_DIGITS, DECIMAL_PLACES } from '../../../contracts/warehouse/columns.ts';

type Cell = string | number | boolean | null;

interface Form {
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

const itself = (cell: Cell): DuckDBValue => cell;
const text: Form = { type: VARCHAR, value: itself };
/** Whole numbers up to 2^53 are exact in it, and no object has to be made of each. */
const double: Form = { type: DOUBLE, value: itself };

/** In which form cells are brought to DuckDB; columns.ts has the same in SQL. */
const forms: Record<ColumnKind, Form> = {
  text,
  json: text,
  decimal: { type: DECIMAL(DECIMAL_DIGITS, DECIMAL_PLACES), value: decimalValue },
  number: double,
  integer: double,
  time: double,
  flag: { type: BOOLEAN, value: itself },
};

/** Rows as one of DuckDB's chunks, column by column. */
export function chunkOf(columns: readonly Column[], rows: readonly Record<string, Cell>[]): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(
    columns.map(({ kind }) => forms[kind].type),
    rows.length,
  );
  chunk.setColumns(
    columns.map(({ name, kind }) => {
      const { value } = forms[kind];
      return rows.map((row) => {
        const cell = row[name] ?? null;
        return cell === null ? null : value(cell);
      });
    }),
  );
  return chunk;
}
