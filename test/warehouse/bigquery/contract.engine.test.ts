import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retentionSchema } from '../../../contracts/config/retention.ts';
import { bigQuerySchema } from '../../../contracts/config/warehouse.ts';
import { tableNames } from '../../../contracts/warehouse/tables.ts';
import { type BigQueryWarehouse, openBigQueryWarehouse } from '../../../stores/warehouse/bigquery/warehouse.ts';
import { loadSegments } from '../../../stores/warehouse/load.ts';
import { readWarehouse } from '../../../stores/warehouse/query.ts';
import { bigQueryDialect, duckDbDialect } from '../../../stores/warehouse/reports/dialect.ts';
import { reports, runReport } from '../../../stores/warehouse/reports/index.ts';
import { exportEvents } from '../../../stores/warehouse/segments/export.ts';
import { currentManifest } from '../../../stores/warehouse/warehouse.ts';
import { eventsOfCycle, START } from '../../bench/warehouse-events.ts';
import { type Books, startBooks } from '../harness.ts';
import { startEmulator } from './emulator.ts';

/** A real project, with a dataset that is made and deleted: it costs next to nothing, and needs credentials. */
const realProject = process.env['SAPPHIRE_BIGQUERY_PROJECT'];
const CYCLES = 40;

describe.each([
  { where: 'bqemulator', project: 'a-project', real: false },
  { where: 'Google', project: realProject ?? 'none-given', real: true },
])('the warehouse in $where', ({ project, real }) => {
  const skip = real && realProject === undefined;
  const dataset = `sapphire_test_${randomUUID().replaceAll('-', '')}`;
  let books: Books;
  let cloud: BigQueryWarehouse;
  let stop: () => Promise<unknown> = async () => undefined;

  beforeAll(async () => {
    if (skip) return;
    const emulator = real ? undefined : await startEmulator();
    const settings = bigQuerySchema.parse({
      project,
      dataset,
      stream: ['orders', 'portfolio_snapshots'],
      ...(emulator ? { apiEndpoint: emulator.address, storageEndpoint: emulator.storage } : {}),
    });
    cloud = openBigQueryWarehouse(settings, { mode: 'paper', retention: retentionSchema.parse({}) });
    stop = async () => (real ? cloud.client.dataset(dataset).delete({ force: true }) : emulator?.stop());
    books = await startBooks();
    for (let index = 0; index < CYCLES; index += 1) await books.journal.outbox.append(eventsOfCycle(index));
    await exportEvents(books.warehouse, books.feeds);
    await cloud.migrate();
    await loadSegments(books.warehouse, cloud);
  }, 120_000);
  afterAll(async () => {
    cloud?.close();
    await stop();
    await books?.close();
  });

  const ask = async (query: string): Promise<Record<string, unknown>[]> => {
    const [job] = await cloud.client.createQueryJob({ query, location: 'EU' });
    const [rows] = await job.getQueryResults();
    return rows as Record<string, unknown>[];
  };

  it.skipIf(skip)('has the rows of every segment', { timeout: 60_000 }, async () => {
    const { segments } = await currentManifest(books.warehouse);
    for (const table of tableNames) {
      const wanted = segments.filter((segment) => segment.table === table).reduce((total, { rows }) => total + rows, 0);
      const [count] = await ask(
        `SELECT COUNT(*) AS n FROM \`${project}.${dataset}.${table}\` WHERE event_at >= TIMESTAMP_MILLIS(0)`,
      );
      expect({ table, n: Number(count?.['n']) }).toEqual({ table, n: wanted });
    }
  });

  it.skipIf(skip)('has streamed rows once though they were sent again', async () => {
    const { segments } = await currentManifest(books.warehouse);
    const streamed = segments.filter(({ stream }) => stream !== undefined);
    expect(streamed.map(({ table }) => table)).toEqual(['orders', 'portfolio_snapshots']);
    for (const segment of streamed) await cloud.load(segment, `${books.warehouse.folder}/${segment.file}`);
    for (const { table, rows } of streamed) {
      const [count] = await ask(
        `SELECT COUNT(*) AS n FROM \`${project}.${dataset}.${table}\` WHERE event_at >= TIMESTAMP_MILLIS(0)`,
      );
      expect({ table, n: Number(count?.['n']) }).toEqual({ table, n: rows });
    }
  });

  it.skipIf(skip)('keeps every type to the last digit', async () => {
    const columns =
      'CAST(price AS STRING) AS price, CAST(notional AS STRING) AS notional, UNIX_MILLIS(event_at) AS at, cycle_id';
    const fills = `\`${project}.${dataset}.fills\``;
    const [there] = await ask(
      `SELECT event_id, ${columns} FROM ${fills} WHERE event_at >= TIMESTAMP_MILLIS(0) AND trade_id = '3'`,
    );
    const [here] = await books.query(
      "SELECT event_id, price::VARCHAR AS price, notional::VARCHAR AS notional, epoch_ms(event_at) AS at, cycle_id FROM fills WHERE trade_id = '3'",
    );
    const plain = (row: Record<string, unknown> | undefined) => ({
      ...row,
      at: Number(row?.['at']),
      price: Number(row?.['price']),
      notional: Number(row?.['notional']),
    });
    expect(plain(there)).toEqual(plain(here));
    expect(String(there?.['notional']).replace(/0+$/, '')).toBe(String(here?.['notional']).replace(/0+$/, ''));
  });

  it.skipIf(skip)('shows each row once though a segment was loaded twice', async () => {
    await ask(
      `INSERT INTO \`${project}.${dataset}.risk_verdicts\` SELECT * FROM \`${project}.${dataset}.risk_verdicts\` WHERE event_at >= TIMESTAMP_MILLIS(0)`,
    );
    const count = async (name: string) =>
      Number(
        (
          await ask(`SELECT COUNT(*) AS n FROM \`${project}.${dataset}.${name}\` WHERE event_at >= TIMESTAMP_MILLIS(0)`)
        )[0]?.['n'],
      );
    expect(await count('risk_verdicts')).toBe(2 * CYCLES);
    expect(await count('risk_verdicts_once')).toBe(CYCLES);
  });

  const range = { from: START - 86_400_000, to: START + 30 * 86_400_000 };
  it.skipIf(skip).each(reports.map((report) => [report.name, report] as const))(
    'answers the report %s as the local one does',
    { timeout: 30_000 },
    async (_, report) => {
      const local = await readWarehouse(books.warehouse, [], ({ query }) =>
        runReport(report, range, duckDbDialect, query),
      );
      const there = await runReport(report, range, bigQueryDialect(`${project}.${dataset}`), ask);
      const rounded = (rows: typeof local.rows) =>
        rows.map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([key, value]) => [
              key,
              typeof value === 'number' ? Number(value.toPrecision(8)) : value,
            ]),
          ),
        );
      // Quantiles are approximate, each in its own way.
      if (report.name === 'latency')
        expect(there.rows.map(({ day, fills }) => ({ day, fills }))).toEqual(
          local.rows.map(({ day, fills }) => ({ day, fills })),
        );
      else expect(rounded(there.rows)).toEqual(rounded(local.rows));
    },
  );
});
