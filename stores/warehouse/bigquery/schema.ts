import type { Retention } from '../../../contracts/config/retention.ts';
import type { BigQuerySettings } from '../../../contracts/config/warehouse.ts';
import { type ColumnKind, DECIMAL_DIGITS, DECIMAL_PLACES } from '../../../contracts/warehouse/columns.ts';
import { type DataClass, tables, type WarehouseTable } from '../../../contracts/warehouse/tables.ts';
import type { Mode } from '../../../domain/market/market.ts';

const DAY_MS = 86_400_000;

const types: Record<ColumnKind, string> = {
  text: 'STRING',
  json: 'STRING',
  decimal: 'BIGNUMERIC',
  number: 'FLOAT',
  integer: 'INTEGER',
  time: 'TIMESTAMP',
  flag: 'BOOLEAN',
};

export interface Field {
  name: string;
  type: string;
  mode: 'REQUIRED' | 'NULLABLE';
  description: string;
  precision?: string;
  scale?: string;
  policyTags?: { names: string[] };
}

/** As `tables.insert` takes it. */
export interface TableDefinition {
  description: string;
  schema: { fields: Field[] };
  timePartitioning: { type: 'DAY'; field: 'event_at'; expirationMs?: string | null };
  requirePartitionFilter: true;
  clustering?: { fields: string[] };
  labels: Record<string, string>;
}

export function daysOf(dataClass: DataClass, retention: Retention): number | null {
  const { marketDays, signalsDays, tradingDays, auditDays, archiveDays } = retention;
  const days = {
    market: marketDays,
    signals: signalsDays,
    trading: tradingDays,
    audit: auditDays,
    archive: archiveDays,
  };
  return days[dataClass];
}

export function labelsOf(mode: Mode): Record<string, string> {
  return { system: 'sapphire', mode };
}

export function definitionOf(
  table: WarehouseTable,
  { mode, retention, maskedColumns }: { mode: Mode; retention: Retention } & Pick<BigQuerySettings, 'maskedColumns'>,
): TableDefinition {
  const days = daysOf(table.dataClass, retention);
  const masks = new Map(
    maskedColumns.filter((masked) => masked.table === table.name).map(({ column, policyTag }) => [column, policyTag]),
  );
  return {
    description: table.description,
    schema: {
      fields: table.columns.map(({ name, kind, nullable, description }) => {
        const tag = masks.get(name);
        return {
          name,
          type: types[kind],
          mode: nullable ? 'NULLABLE' : 'REQUIRED',
          description,
          ...(kind === 'decimal' ? { precision: String(DECIMAL_DIGITS), scale: String(DECIMAL_PLACES) } : {}),
          ...(tag === undefined ? {} : { policyTags: { names: [tag] } }),
        };
      }),
    },
    timePartitioning: {
      type: 'DAY',
      field: 'event_at',
      ...(days === null ? {} : { expirationMs: String(days * DAY_MS) }),
    },
    requirePartitionFilter: true,
    ...(table.clusterBy.length > 0 ? { clustering: { fields: [...table.clusterBy] } } : {}),
    labels: labelsOf(mode),
  };
}

/** Each row once, whatever a table may hold: the net under everything. A query's filter over event_at reaches the partitions through it. */
export function onceView(dataset: string, table: WarehouseTable): { name: string; query: string } {
  const parsed = table.columns.some(({ name }) => name === 'payload') ? ', PARSE_JSON(payload) AS payload_json' : '';
  return {
    name: `${table.name}_once`,
    query: `SELECT *${parsed} FROM \`${dataset}.${table.name}\` WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY event_at, event_id ORDER BY ingested_at) = 1`,
  };
}

export const allTables: readonly WarehouseTable[] = Object.values(tables);
