import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openPostgresDatabase } from '../../stores/journal/postgres/database.ts';
import { refuseEarlierBooks } from '../../stores/journal/postgres/earlier-books.ts';
import { SCHEMA_LOCK } from '../../stores/journal/postgres/upgrade.ts';
import type { Database, Value } from '../../stores/journal/sql/database.ts';
import { journalSchema, type Schema } from '../../stores/journal/sql/migrations.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { PAPER } from '../support/books.ts';
import { growBooks } from '../support/grown-books.ts';
import { type Adapter, adapterNames, startAdapter } from './adapters.ts';

const written = JSON.parse(readFileSync(join(import.meta.dirname, 'books', 'schema-9.json'), 'utf8')) as Record<
  string,
  { columns: string[]; rows: Value[][] }
>;
const OLD = 9;
const NEWEST = journalSchema.migrations.at(-1)?.version ?? 0;
const NOW = 1_795_000_100_000;
const program = join(import.meta.dirname, 'upgrade-program.ts');

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

function run(...args: string[]): { said: Promise<unknown>; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--no-warnings', program, ...args]);
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (texts.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (texts.stderr += data.toString()));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...texts }));
  return { said: once(child.stderr, 'data'), ended };
}

const until = (version: number, more: Schema['migrations'] = []): Schema => ({
  ...journalSchema,
  migrations: [...journalSchema.migrations.slice(0, version), ...more],
});

describe.each(adapterNames)('an upgrade of the books of an earlier release on %s', (name) => {
  let server: Adapter;
  let address: string;
  const open = (schema: Schema = journalSchema): Promise<Database> =>
    (name === 'sqlite' ? openSqliteDatabase : openPostgresDatabase)(address, PAPER, () => NOW, schema);

  beforeAll(async () => {
    server = await startAdapter(name);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    address = await earlierBooks();
  });

  async function earlierBooks(): Promise<string> {
    address = await server.place();
    const earlier = await open(until(OLD));
    for (const [table, { columns, rows }] of Object.entries(written)) {
      const places = columns.map(() => '?').join(', ');
      for (const row of rows)
        await earlier.run(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`, ...row);
    }
    // Every table that grows has rows of before.
    const bodies = { decision: '{}', consensus: '{}', plan: '{}' };
    await growBooks(earlier.run, { orders: 30, until: NOW, bodies });
    await earlier.close();
    return address;
  }

  it.runIf(name === 'postgres')('is not for who joins those that run them', async () => {
    const version = async (): Promise<unknown> => {
      const client = new Client({ connectionString: address });
      await client.connect();
      const { rows } = await client.query('SELECT max(version)::int AS version FROM migrations');
      await client.end();
      return rows[0]?.version;
    };
    await expect(refuseEarlierBooks(address)).rejects.toMatchObject({
      code: 'BuildDiffers',
      message: expect.stringContaining(`schema ${OLD}, this one's is ${NEWEST}`),
    });
    expect(await version()).toBe(OLD);
    await (await open()).close();
    await refuseEarlierBooks(address);
    await refuseEarlierBooks(await server.place());
  });

  /** Every table with its columns and rows, and every index. */
  async function whole(): Promise<Record<string, unknown>> {
    const database = await open();
    try {
      const tables = await database.rows(
        name === 'sqlite'
          ? "SELECT name, sql AS made FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
          : `SELECT table_name AS name, string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) AS made
             FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name
             UNION SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY name`,
      );
      const found: Record<string, unknown> = {};
      for (const { name: table, made } of tables) {
        const isTable =
          name === 'sqlite' ? String(made).startsWith('CREATE TABLE') : !String(made).startsWith('CREATE');
        const rows = isTable ? await database.rows(`SELECT * FROM ${table}`) : [];
        found[String(table)] = { made, rows: rows.map((row) => JSON.stringify(row)).toSorted() };
      }
      return found;
    } finally {
      await database.close();
    }
  }

  /** As an upgrade that lasts; the lock goes with what is returned. */
  async function holding(): Promise<() => Promise<void>> {
    if (name === 'sqlite') {
      const file = new DatabaseSync(address);
      file.exec('BEGIN IMMEDIATE');
      return async () => file.close();
    }
    const client = new Client({ connectionString: address });
    await client.connect();
    await client.query('SELECT pg_advisory_lock($1)', [SCHEMA_LOCK]);
    return () => client.end();
  }

  it('that is killed in the middle of any step is gone on with, and comes to the same', {
    timeout: 180_000,
  }, async () => {
    const undisturbed = await whole();
    for (let step = 1; step <= journalSchema.migrations.length - OLD; step += 1) {
      await earlierBooks();
      const { signal } = await run(address, String(step)).ended;
      expect(signal).toBe('SIGKILL');
      // The steps before it stay, and nothing of its own: a release that knows just these opens it.
      const partly = await open(until(OLD + step - 1));
      const reached = await partly.row('SELECT max(version) AS version FROM migrations');
      expect(reached).toEqual({ version: OLD + step - 1 });
      await partly.close();
      expect(await whole(), `killed in step ${step}`).toEqual(undisturbed);
    }
  });

  it('is waited for by whoever opens them meanwhile, who says so', async () => {
    const undisturbed = await whole();
    await earlierBooks();
    const release = await holding();
    const both = [run(address), run(address)];
    await Promise.all(both.map(({ said }) => said));
    await release();
    for (const { ended } of both) {
      const { stderr, ...rest } = await ended;
      expect(rest).toEqual({ code: 0, signal: null, stdout: '' });
      expect(stderr).toMatch(/^Another process .*upgrades.*: waiting for it\.\n$/);
    }
    expect(await whole()).toEqual(undisturbed);
  });

  it('is refused while another process has them open, which may be of the release that wrote them', async () => {
    const other = await open(until(OLD));
    await other.rows('SELECT 1');
    const refused = await run(address).ended;
    await other.close();
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stdout).toContain(`StillRunning: UserError: To upgrade the journal (schema ${OLD} → ${NEWEST})`);
    expect(refused.stdout).toContain(String(process.pid));
    await expect(open(until(OLD)).then((database) => database.close())).resolves.toBeUndefined();
  });

  it('that fails leaves what it had done, and goes on once it can', async () => {
    const broken = { version: OLD + 2, sql: () => 'CREATE TABLE half (n INTEGER); SELECT nothing FROM nowhere;' };
    await expect(open(until(OLD + 1, [broken]))).rejects.toMatchObject({ code: 'JournalUnusable' });
    const half =
      name === 'sqlite' ? 'SELECT name FROM sqlite_master' : 'SELECT table_name AS name FROM information_schema.tables';
    const database = await open();
    expect((await database.rows(half)).map((row) => row['name'])).not.toContain('half');
    await database.close();
  });

  it('of large ones says each step', async () => {
    const large = await open(until(OLD));
    if (name === 'sqlite') await large.run("INSERT INTO meta VALUES ('pad', hex(zeroblob(30000000)))");
    else
      await large.run(
        'CREATE TABLE pad AS SELECT md5(i::text) || md5((-i)::text) AS text FROM generate_series(1, 600000) AS i',
      );
    await large.close();
    const said: string[] = [];
    const written = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    await (await open()).close();
    written.mockRestore();
    const steps = journalSchema.migrations.slice(OLD);
    expect(said).toEqual(
      steps.map(({ version }) => `Upgrading the journal (schema ${OLD} → ${NEWEST}), step ${version} …\n`),
    );
  });
});

it('a full disk keeps a file as it was, says what helps, and costs no step before it', async () => {
  const server = await startAdapter('sqlite');
  const address = await server.place();
  const open = (schema: Schema) => openSqliteDatabase(address, PAPER, () => NOW, schema);
  await (await open(until(OLD))).close();
  const filling = {
    version: NEWEST + 1,
    sql: () => 'PRAGMA max_page_count = 1; CREATE TABLE more AS SELECT hex(zeroblob(9999));',
  };
  await expect(open(until(NEWEST, [filling]))).rejects.toMatchObject({
    code: 'JournalUnusable',
    message: expect.stringContaining('disk is full. Make room on its disk, then try again: nothing of it is lost.'),
  });
  const database = await open(journalSchema);
  expect(await database.row('SELECT max(version) AS version FROM migrations')).toEqual({ version: NEWEST });
  await database.close();
});

it('is refused before it begins where the disk has no room for it', async () => {
  const server = await startAdapter('sqlite');
  const address = await server.place();
  const open = (schema: Schema) => openSqliteDatabase(address, PAPER, () => NOW, schema);
  await (await open(until(OLD))).close();
  const { size } = statSync(address);
  // Sparse: what nobody has written takes no room, and SQLite goes by the size in its header.
  truncateSync(address, 8e12);
  await expect(open(journalSchema)).rejects.toMatchObject({
    code: 'NoRoom',
    message: expect.stringMatching(
      /has no room to upgrade the journal \(schema 9 → \d+\): 800000 MB are needed, \d+ MB are free\. Make room, then start again\.$/,
    ),
  });
  truncateSync(address, size);
  const before = await open(until(OLD));
  await before.close();
  await (await open(journalSchema)).close();
});

it('a change of a table gives way to who has it locked on PostgreSQL, and comes again', async () => {
  const server = await startAdapter('postgres');
  const address = await server.place();
  const open = (schema: Schema) => openPostgresDatabase(address, PAPER, () => NOW, schema);
  await (await open(until(11))).close();
  const other = new Client({ connectionString: address });
  await other.connect();
  await other.query('BEGIN; LOCK TABLE reconciliations IN ACCESS SHARE MODE');
  const upgrade = open(journalSchema);
  await sleep(2_500);
  // Nobody waits behind it while it pauses.
  const third = new Client({ connectionString: address });
  await third.connect();
  await third.query('SELECT 1 FROM reconciliations');
  await other.query('COMMIT');
  const database = await upgrade;
  expect(await database.row('SELECT max(version) AS version FROM migrations')).toEqual({ version: NEWEST });
  await Promise.all([database.close(), other.end(), third.end()]);
  await server.stop();
});
