import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { retentionSchema } from '../../../contracts/config/retention.ts';
import { bigQuerySchema } from '../../../contracts/config/warehouse.ts';
import { tables } from '../../../contracts/warehouse/tables.ts';
import { changeOf } from '../../../stores/warehouse/bigquery/migrate.ts';
import { definitionOf } from '../../../stores/warehouse/bigquery/schema.ts';
import { openBigQueryWarehouse } from '../../../stores/warehouse/bigquery/warehouse.ts';
import { loadSegments } from '../../../stores/warehouse/load.ts';
import { bigQueryDialect } from '../../../stores/warehouse/reports/dialect.ts';
import { reports } from '../../../stores/warehouse/reports/index.ts';
import { compactSegments } from '../../../stores/warehouse/segments/compact.ts';
import { exportEvents } from '../../../stores/warehouse/segments/export.ts';
import { currentManifest } from '../../../stores/warehouse/warehouse.ts';
import { type Books, facts, spoilFile, startBooks } from '../harness.ts';
import { discovery, faultsOf } from './discovery.ts';
import { startFakeBigQuery } from './fake.ts';

const retention = retentionSchema.parse({});
let fake: Awaited<ReturnType<typeof startFakeBigQuery>>;
let books: Books;

beforeEach(async () => {
  [fake, books] = await Promise.all([startFakeBigQuery(), startBooks()]);
  await books.journal.outbox.append(facts(20));
  await exportEvents(books.warehouse, books.feeds);
});
afterEach(async () => {
  // Whatever a test does: each body was one that Google's document knows.
  expect(fake.faults.join('; ')).toBe('');
  await fake.close();
  await books.close();
});

function cloud(settings: Record<string, unknown> = {}, mode: 'paper' | 'live' = 'paper') {
  const parsed = bigQuerySchema.parse({ project: 'a-project', apiEndpoint: fake.address, ...settings });
  return openBigQueryWarehouse(parsed, { mode, retention });
}

async function expectOnce(): Promise<void> {
  const { segments } = await currentManifest(books.warehouse);
  const wanted = new Map<string, number>();
  for (const { table, rows } of segments) wanted.set(table, (wanted.get(table) ?? 0) + rows);
  expect(Object.fromEntries(fake.rows)).toEqual(Object.fromEntries(wanted));
}

describe('a migration', () => {
  it('makes dataset, tables and views once', async () => {
    const done = await cloud().migrate();
    expect(done).toHaveLength(1 + 2 * Object.keys(tables).length);
    expect(fake.datasets.get('sapphire_paper')).toMatchObject({ location: 'EU', labels: { mode: 'paper' } });
    expect(fake.tables.get('fills')).toMatchObject({
      timePartitioning: { type: 'DAY', field: 'event_at' },
      requirePartitionFilter: true,
      clustering: { fields: ['symbol'] },
    });
    expect(fake.tables.get('market_candles')).toMatchObject({
      timePartitioning: { expirationMs: String(90 * 86_400_000) },
    });
    expect(await cloud().migrate()).toEqual([]);
  });

  it('adds columns, and follows expiration and masks', async () => {
    await cloud().migrate();
    const fills = fake.tables.get('fills') as { schema: { fields: { name: string }[] } };
    fake.tables.set('fills', {
      ...fills,
      schema: { fields: fills.schema.fields.filter(({ name }) => name !== 'liquidity') },
    });
    const policyTag = 'projects/p/locations/eu/taxonomies/1/policyTags/2';
    const masked = { maskedColumns: [{ table: 'agent_signals', column: 'rationale', policyTag }] };
    expect(await cloud(masked).migrate()).toEqual([
      'table agent_signals brought up to date',
      'table fills brought up to date',
    ]);
    expect(fake.tables.get('fills')).toMatchObject({
      schema: { fields: expect.arrayContaining([expect.objectContaining({ name: 'liquidity', mode: 'NULLABLE' })]) },
    });
    expect(fake.tables.get('agent_signals')).toMatchObject({
      schema: {
        fields: expect.arrayContaining([
          expect.objectContaining({ name: 'rationale', policyTags: { names: [policyTag] } }),
        ]),
      },
    });
  });

  it('tightens nothing, and ends an expiration that is no longer wanted', () => {
    const wanted = definitionOf(tables.market_candles, {
      mode: 'paper',
      retention: { ...retention, marketDays: null },
      maskedColumns: [],
    });
    const loose = wanted.schema.fields.map((field) =>
      field.name === 'volume' ? { ...field, mode: 'NULLABLE' as const } : field,
    );
    const without = {
      schema: { fields: loose.filter(({ name }) => name !== 'high') },
      timePartitioning: { expirationMs: '1000' },
    };
    const change = changeOf('market_candles', wanted, without);
    expect(change?.schema?.fields.find(({ name }) => name === 'volume')?.mode).toBe('NULLABLE');
    expect(change?.timePartitioning).toMatchObject({ expirationMs: null });
    expect(changeOf('market_candles', wanted, { schema: { fields: loose } })).toBeUndefined();
  });

  it('refuses the dataset of the other mode, and a column of another type', async () => {
    await cloud({ dataset: 'mine' }).migrate();
    await expect(cloud({ dataset: 'mine' }, 'live').migrate()).rejects.toThrow('is of paper, and this is live');
    const wanted = definitionOf(tables.fills, { mode: 'paper', retention, maskedColumns: [] });
    const other = wanted.schema.fields.map((field) => (field.name === 'price' ? { ...field, type: 'FLOAT' } : field));
    expect(() => changeOf('fills', wanted, { schema: { fields: other } })).toThrow(
      /fills\.price is FLOAT in BigQuery, and BIGNUMERIC here/,
    );
  });

  it('grants the exporter every row before anyone some', async () => {
    const rowAccess = [
      { table: 'agent_signals', name: 'one_agent', grantees: ['group:quants@example.com'], filter: "agent = 'qwen'" },
    ];
    await cloud({ rowAccess, exporter: 'serviceAccount:x@example.com' }).migrate();
    expect(fake.queries).toEqual([
      "CREATE OR REPLACE ROW ACCESS POLICY sapphire_exporter ON `a-project.sapphire_paper.agent_signals` GRANT TO ('serviceAccount:x@example.com') FILTER USING (TRUE)",
      "CREATE OR REPLACE ROW ACCESS POLICY one_agent ON `a-project.sapphire_paper.agent_signals` GRANT TO ('group:quants@example.com') FILTER USING (agent = 'qwen')",
    ]);
    expect(() => bigQuerySchema.parse({ project: 'a-project', rowAccess })).toThrow('must be named');
  });
});

describe('a load', () => {
  beforeEach(async () => void (await cloud().migrate()));

  it('brings each segment once, however often it is asked for', async () => {
    const report = await loadSegments(books.warehouse, cloud());
    expect(report).toMatchObject({ loaded: 3, rows: 42, to: 'a-project.sapphire_paper' });
    await expectOnce();
    expect(await loadSegments(books.warehouse, cloud())).toMatchObject({ loaded: 0 });
    expect([...fake.jobs.keys()].every((id) => /^sapphire_sapphire_paper_[\w-]+$/.test(id))).toBe(true);
  });

  it.each([
    ['the answer is lost after the commit', ['lost']],
    ['the service is away for a while', ['unavailable', 'unavailable', 'unavailable']],
    ['both', ['unavailable', 'lost', 'lost', 'unavailable', 'lost']],
  ] as const)('is once when %s', { timeout: 30_000 }, async (_, troubles) => {
    fake.troubles.push(...troubles);
    await loadSegments(books.warehouse, cloud());
    await expectOnce();
  });

  it('is once when it was submitted, and the mark that it is done was never written', async () => {
    const { segments } = await currentManifest(books.warehouse);
    const [segment] = segments;
    if (!segment) throw new Error('there are segments');
    await cloud().load(segment, `${books.warehouse.folder}/${segment.file}`);
    await loadSegments(books.warehouse, cloud());
    await expectOnce();
  });

  it('says why a job failed, and follows it with another when it is asked again', async () => {
    fake.troubles.push('failed');
    await expect(loadSegments(books.warehouse, cloud())).rejects.toThrow(
      /did not load .*Provided schema does not match/,
    );
    await loadSegments(books.warehouse, cloud());
    await expectOnce();
    expect([...fake.jobs.keys()].some((id) => id.endsWith('_2'))).toBe(true);
  });

  it('keeps what was loaded before the fault', async () => {
    fake.troubles.push('unavailable', 'lost', 'failed');
    await expect(loadSegments(books.warehouse, cloud())).rejects.toThrow('did not load');
    const marks = (await currentManifest(books.warehouse)).segments.map(({ loadedTo }) => loadedTo !== undefined);
    // The one that failed holds up none behind it.
    expect(marks).toEqual([true, false, true]);
  });

  it('says what to do about quota and about rows that are missing', async () => {
    fake.troubles.push('quota');
    await expect(loadSegments(books.warehouse, cloud())).rejects.toThrow(/A quota of BigQuery is used up/);
    fake.troubles.push('wrong-rows');
    await expect(loadSegments(books.warehouse, cloud())).rejects.toThrow(/BigQuery took \d+ rows of .*, which has \d+/);
  });

  /** Exports and loads once a minute, with one event each time. */
  async function minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute += 1) {
      now += 60_000;
      told += 1;
      await books.journal.outbox.append(facts(1, 100 + told));
      const warehouse = { ...books.warehouse, now: () => now };
      await exportEvents(warehouse, books.feeds);
      await loadSegments(warehouse, cloud());
    }
  }
  let now = Date.now();
  let told = 0;
  const jobsOf = (table: string): number =>
    [...fake.jobs.keys()].filter((id) => id.startsWith(`sapphire_sapphire_paper_${table}_`)).length;

  it('comes so seldom that a table has fewer jobs in a day than Google allows, and brings all the same', async () => {
    await minutes(21);
    // One at once, and one each five minutes.
    expect({ fills: jobsOf('fills'), events: jobsOf('events') }).toEqual({ fills: 5, events: 5 });
    expect(5 * 3 * (1_440 / 21)).toBeLessThan(1_500);
    await expectOnce();
    await minutes(1);
    expect(jobsOf('fills')).toBe(5);
    const report = await loadSegments(books.warehouse, cloud(), { all: true });
    expect(report).toMatchObject({ loaded: 2, rows: 2 });
    await expectOnce();
  });

  it('keeps the file of a load that failed, whatever came since', async () => {
    fake.troubles.push('failed');
    await expect(loadSegments(books.warehouse, cloud())).rejects.toThrow('did not load');
    await minutes(6);
    await expectOnce();
  });

  it.each([1, 2])(
    'brings nothing of %j that wait where one is no longer as it was written, and all the rest',
    async (count) => {
      if (count === 2) {
        await books.journal.outbox.append(facts(1, 100));
        await exportEvents(books.warehouse, books.feeds);
      }
      const file = spoilFile(books.warehouse, 'fills');
      await expect(loadSegments(books.warehouse, cloud())).rejects.toThrow(/fills.* is not as it was written/);
      expect({ fills: jobsOf('fills'), events: jobsOf('events') }).toEqual({ fills: 0, events: 1 });
      const { segments } = await currentManifest(books.warehouse);
      expect(segments.map((segment) => segment.file)).toContain(file);
    },
  );

  it('comes before segments are put together', async () => {
    await minutes(4);
    expect(await compactSegments(books.warehouse, cloud().name)).toBe(0);
    for (let round = 0; round < 12; round += 1) {
      told += 1;
      await books.journal.outbox.append(facts(1, 100 + told));
      await exportEvents(books.warehouse, books.feeds);
      await loadSegments(books.warehouse, cloud(), { all: true });
    }
    await expectOnce();
    expect(await compactSegments(books.warehouse, cloud().name)).toBeGreaterThan(0);
    expect(await loadSegments(books.warehouse, cloud(), { all: true })).toMatchObject({ loaded: 0 });
    await expectOnce();
  });
});

/** What stands between the parenthesis that opens last before a place and the one that closes it; the whole without. */
function scopeOf(sql: string, at: number): string {
  let [from, to] = [at, at];
  for (let depth = 0; from > 0 && depth <= 0; from -= 1)
    depth += sql[from - 1] === '(' ? 1 : sql[from - 1] === ')' ? -1 : 0;
  for (let depth = 0; to < sql.length && depth <= 0; to += 1) depth += sql[to] === ')' ? 1 : sql[to] === '(' ? -1 : 0;
  return sql.slice(from, to);
}

describe('a question', () => {
  const range = { from: 1_000, to: 2_000 };

  it.each(reports.map((report) => [report.name, report] as const))(
    'of the report %s filters each table that it reads by a moment, without which Google refuses it',
    (_, report) => {
      const sql = report.sql(bigQueryDialect('p.d'), range, { gaps: [{ from: 1, to: 2 }], before: 1_500 });
      const reads = [...sql.matchAll(/(?:FROM|JOIN) `p\.d\.(\w+)_once`(?: ([a-z])\b)?/g)];
      expect(reads.length).toBeGreaterThan(0);
      for (const { 0: read, 1: table, 2: alias, index } of reads) {
        // A part of a union is filtered by itself.
        const own =
          scopeOf(sql, index)
            .split('UNION ALL')
            .find((part) => part.includes(read)) ?? '';
        const filter = new RegExp(
          `WHERE[^]*\\b${alias === undefined ? '(?<!\\.)' : `${alias}\\.`}event_at >?=?<? TIMESTAMP_MILLIS\\(\\d+\\)`,
        );
        expect({ table, filtered: filter.test(own) }).toEqual({ table, filtered: true });
      }
    },
  );
});

it('is held against Google’s own document, which knows what is misspelt', () => {
  const definition = definitionOf(tables.fills, { mode: 'paper', retention, maskedColumns: [] });
  const body = { tableReference: { projectId: 'p', datasetId: 'd', tableId: 't' }, ...definition };
  expect(faultsOf(discovery(), 'Table', body)).toEqual([]);
  const { timePartitioning, ...rest } = body;
  expect(faultsOf(discovery(), 'Table', { ...rest, timePartitoning: timePartitioning })).toEqual([
    'Table.timePartitoning: Google knows no such field',
  ]);
  expect(faultsOf(discovery(), 'Table', { ...body, requirePartitionFilter: 'yes' })).toEqual([
    'Table.requirePartitionFilter: must be boolean, and is string',
  ]);
});
