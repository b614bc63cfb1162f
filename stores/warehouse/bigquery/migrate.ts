import type { BigQuery, Dataset } from '@google-cloud/bigquery';
import type { Retention } from '../../../contracts/config/retention.ts';
import type { BigQuerySettings } from '../../../contracts/config/warehouse.ts';
import { UserError } from '../../../contracts/errors.ts';
import type { WarehouseTable } from '../../../contracts/warehouse/tables.ts';
import type { Mode } from '../../../domain/market/market.ts';
import { allTables, definitionOf, type Field, labelsOf, onceView, type TableDefinition } from './schema.ts';

export interface MigrationOf {
  settings: BigQuerySettings;
  dataset: string;
  mode: Mode;
  retention: Retention;
}

interface TableMetadata {
  schema?: { fields?: Field[] };
  timePartitioning?: { expirationMs?: string | null };
}

const ALL_ROWS = 'sapphire_exporter';

/** Makes what is missing, step by step; each step may be made again. Says what it did. */
export async function migrateDataset(client: BigQuery, of: MigrationOf): Promise<string[]> {
  const done: string[] = [];
  const dataset = client.dataset(of.dataset);
  await ensureDataset(dataset, of, done);
  for (const table of allTables) {
    await ensureTable(dataset, table, of, done);
    await ensureView(dataset, table, of, done);
  }
  await ensureRowAccess(client, of, done);
  return done;
}

async function ensureDataset(
  dataset: Dataset,
  { mode, settings: { location } }: MigrationOf,
  done: string[],
): Promise<void> {
  const [exists] = await dataset.exists();
  if (!exists) {
    await dataset.create({ location, labels: labelsOf(mode) });
    done.push(`dataset ${dataset.id} in ${location}`);
    return;
  }
  const [metadata] = (await dataset.getMetadata()) as [{ labels?: Record<string, string> }, ...unknown[]];
  const held = metadata.labels?.['mode'];
  if (held !== mode) {
    throw new UserError(
      'CloudDatasetOfAnotherMode',
      `The dataset ${dataset.id} is ${held === undefined ? 'not labelled as ours' : `of ${held}`}, and this is ${mode}: paper and live never share one. Name another in warehouse.bigquery.dataset.`,
    );
  }
}

async function ensureTable(dataset: Dataset, table: WarehouseTable, of: MigrationOf, done: string[]): Promise<void> {
  const wanted = definitionOf(table, { ...of, maskedColumns: of.settings.maskedColumns });
  const handle = dataset.table(table.name);
  const [exists] = await handle.exists();
  if (!exists) {
    await handle.create(wanted);
    done.push(`table ${table.name}`);
    return;
  }
  const [metadata] = (await handle.getMetadata()) as [TableMetadata, ...unknown[]];
  const change = changeOf(table.name, wanted, metadata);
  if (!change) return;
  // Google's types know no null, which is how its interface clears a value.
  await handle.setMetadata(change as Parameters<typeof handle.setMetadata>[0]);
  done.push(`table ${table.name} brought up to date`);
}

/** What has to be changed of a table that is there. A column of another type is refused: what it holds would be lost. */
export function changeOf(
  name: string,
  wanted: TableDefinition,
  found: TableMetadata,
): Partial<TableDefinition> | undefined {
  const there = new Map((found.schema?.fields ?? []).map((field) => [field.name, field]));
  for (const field of wanted.schema.fields) {
    const known = there.get(field.name);
    const isOther = known && (known.type !== field.type || (known.scale ?? field.scale) !== field.scale);
    if (isOther) {
      throw new UserError(
        'CloudColumnDiffers',
        `${name}.${field.name} is ${known.type} in BigQuery, and ${field.type} here. Move the dataset away, or name another in warehouse.bigquery.dataset.`,
      );
    }
  }
  const tagsOf = (field: Field | undefined): string => (field?.policyTags?.names ?? []).join();
  const isNew = (field: Field): boolean => !there.has(field.name);
  const fieldsChange = wanted.schema.fields.some(
    (field) => isNew(field) || tagsOf(field) !== tagsOf(there.get(field.name)),
  );
  const expiryChange =
    (wanted.timePartitioning.expirationMs ?? null) !== (found.timePartitioning?.expirationMs ?? null);
  if (!fieldsChange && !expiryChange) return undefined;
  // A column that is added to a table with rows can only be nullable, and what is nullable stays so: nothing is ever tightened.
  const fields = wanted.schema.fields.map(
    (field): Field => ({ ...field, mode: there.get(field.name)?.mode ?? 'NULLABLE' }),
  );
  const gone = [...there.values()].filter(({ name: column }) => !fields.some((field) => field.name === column));
  return {
    ...(fieldsChange ? { schema: { fields: [...fields, ...gone] } } : {}),
    // In a patch what is left out stays: an end of the expiration has to be said.
    ...(expiryChange ? { timePartitioning: { expirationMs: null, ...wanted.timePartitioning } } : {}),
  };
}

async function ensureView(dataset: Dataset, table: WarehouseTable, of: MigrationOf, done: string[]): Promise<void> {
  const { name, query } = onceView(`${of.settings.project}.${of.dataset}`, table);
  const view = { query, useLegacySql: false };
  const handle = dataset.table(name);
  const [exists] = await handle.exists();
  if (!exists) {
    await handle.create({ view });
    done.push(`view ${name}`);
    return;
  }
  const [metadata] = (await handle.getMetadata()) as [{ view?: { query?: string } }, ...unknown[]];
  if (metadata.view?.query === query) return;
  await handle.setMetadata({ view });
  done.push(`view ${name} brought up to date`);
}

/** The exporter's own policy comes first: from the first policy on, a table shows its rows to those alone who were granted them. */
async function ensureRowAccess(client: BigQuery, { settings, dataset }: MigrationOf, done: string[]): Promise<void> {
  const { rowAccess, exporter, project, location } = settings;
  const tables = new Set(rowAccess.map(({ table }) => table));
  const everything = [...tables].map((table) => ({
    table,
    name: ALL_ROWS,
    grantees: exporter === undefined ? [] : [exporter],
    filter: 'TRUE',
  }));
  for (const { table, name, grantees, filter } of [...everything, ...rowAccess]) {
    const granted = grantees.map((member) => `'${member.replaceAll("'", "\\'")}'`).join(', ');
    const query = `CREATE OR REPLACE ROW ACCESS POLICY ${name} ON \`${project}.${dataset}.${table}\` GRANT TO (${granted}) FILTER USING (${filter})`;
    const [job] = await client.createQueryJob({ query, location });
    await job.getQueryResults();
    done.push(`row access ${name} on ${table}`);
  }
}
