import { type Column, type ColumnKind, DECIMAL_DIGITS, DECIMAL_PLACES } from '../../../contracts/warehouse/columns.ts';
import { batchColumns, type WarehouseTable } from '../../../contracts/warehouse/tables.ts';
import type { Batch } from '../port.ts';

/** How DuckDB keeps a kind of column, in which form its cells are brought there (see cells.ts), and how the one becomes the other. */
interface Kind {
  sql: string;
  brought: string;
  select(column: string): string;
}

const asItIs = (column: string): string => `"${column}"`;
const kept = (sql: string): Kind => ({ sql, brought: sql, select: asItIs });

const kinds: Record<ColumnKind, Kind> = {
  text: kept('VARCHAR'),
  json: kept('VARCHAR'),
  decimal: kept(`DECIMAL(${DECIMAL_DIGITS}, ${DECIMAL_PLACES})`),
  number: kept('DOUBLE'),
  integer: { sql: 'BIGINT', brought: 'DOUBLE', select: (column) => `CAST("${column}" AS BIGINT)` },
  time: {
    sql: 'TIMESTAMPTZ',
    brought: 'DOUBLE',
    select: (column) => `make_timestamptz(CAST("${column}" AS BIGINT) * 1000)`,
  },
  flag: kept('BOOLEAN'),
};

/** `NAME TYPE, …` of the form in which rows are brought. */
export function columnList(columns: readonly Column[]): string {
  return columns.map(({ name, kind }) => `"${name}" ${kinds[kind].brought}`).join(', ');
}

/** For a table without a row: the same columns, none of them filled. */
export function emptySelect({ columns }: WarehouseTable): string {
  return `SELECT ${columns.map(({ name, kind }) => `NULL::${kinds[kind].sql} AS "${name}"`).join(', ')} WHERE false`;
}

/** Columns that each row has of its own. */
export function ownColumns({ columns }: WarehouseTable): Column[] {
  return columns.filter(({ name }) => !(batchColumns as readonly string[]).includes(name));
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
