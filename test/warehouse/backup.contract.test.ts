import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { riskSchema } from '../../contracts/config/schema.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { listAsides } from '../../stores/backup/asides.ts';
import { expireBackups, listBackups, makeBackup } from '../../stores/backup/backup.ts';
import { whileNobodyUses } from '../../stores/backup/in-use.ts';
import type { Places } from '../../stores/backup/places.ts';
import { completeReplacement } from '../../stores/backup/replace.ts';
import { restoreBackup } from '../../stores/backup/restore.ts';
import { openPostgresDatabase } from '../../stores/journal/postgres/database.ts';
import { openPostgresJournal } from '../../stores/journal/postgres/journal.ts';
import { marketBufferSchema } from '../../stores/journal/sql/migrations.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { createMarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { compactSegments } from '../../stores/warehouse/segments/compact.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { fund, PAPER, temporaryFolder } from '../support/books.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { facts } from './harness.ts';

const DAY = 86_400_000;

async function open(places: Places) {
  const { books } = places;
  const journal =
    books.engine === 'sqlite'
      ? await openSqliteJournal(books.journal, PAPER)
      : await openPostgresJournal(books.url, PAPER);
  await journal.risk.adopt('main', riskSchema.parse({}));
  const market = createMarketBuffer(
    books.engine === 'sqlite'
      ? await openSqliteDatabase(books.market, PAPER, Date.now, marketBufferSchema)
      : await openPostgresDatabase(books.url, PAPER, Date.now, marketBufferSchema),
  );
  const warehouse = openWarehouse({ folder: places.warehouse, mode: 'paper', journal: journal.id });
  const feeds = feedsOf(journal, market.outbox);
  return {
    journal,
    export: () => exportEvents(warehouse, feeds),
    compact: () => compactSegments(warehouse),
    events: async () => {
      const rows = await readWarehouse(warehouse, feeds, ({ query }) =>
        query("SELECT event_id FROM events WHERE source = 'journal' ORDER BY sequence"),
      );
      return rows.map(({ event_id: id }) => id);
    },
    told: async () => (await journal.outbox.after(0, 100_000)).map(({ eventId }) => eventId),
    close: async () => {
      await market.close();
      await journal.close();
    },
  };
}

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.stop());

describe.each(['sqlite', 'postgres'] as const)('a backup of books in %s', (engine) => {
  let places: Places;
  let books: Awaited<ReturnType<typeof open>>;

  beforeEach(async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'data');
    mkdirSync(data);
    places = {
      mode: 'paper',
      journal: '',
      books:
        engine === 'sqlite'
          ? { engine, journal: join(data, 'journal.db'), market: join(data, 'market-buffer.db') }
          : { engine, url: await server.database() },
      warehouse: join(data, 'warehouse', 'paper'),
      backups: join(folder, 'backups'),
      key: join(data, 'backup.key'),
    };
    books = await open(places);
    places.journal = books.journal.id;
    await fund(books.journal, '1234');
    await books.journal.outbox.append(facts(20));
    await books.export();
    await books.journal.outbox.append(facts(5, 21));
  });
  afterEach(() => books.close());

  it('says that there is nothing to copy yet', async () => {
    const none = {
      ...places,
      books: { engine: 'sqlite' as const, journal: '/none/journal.db', market: '/none/market.db' },
    };
    const made = makeBackup(none, { at: Date.now(), scheduled: false });
    await expect(made).rejects.toMatchObject({ code: 'NothingToBackUp', exitCode: ExitCode.usage });
  });

  it('brings back books and warehouse as they were, halted under an epoch of its own', async () => {
    await books.journal.control.raiseHalt({ requestId: 'a', account: 'main', reason: 'x', by: 'y' });
    const told = await books.told();
    const { folder } = await makeBackup(places, { at: Date.now(), scheduled: false });

    await books.journal.outbox.append(facts(50, 100));
    await fund(books.journal, '5', 'BTC');
    await books.export();
    await books.compact();
    await books.close();
    if (engine === 'sqlite') rmSync(places.warehouse, { recursive: true });

    const { aside, former } = await restoreBackup(folder, places, Date.now());
    books = await open(places);
    const control = await books.journal.control.raiseRestored({
      requestId: 'r',
      account: 'main',
      reason: 'restored',
      by: 'z',
      beyond: former?.epoch ?? 0,
    });
    expect(control).toMatchObject({ tradingState: 'halted', epoch: 1_000_001 });
    expect((await books.journal.ledger.balances('main')).map(({ asset, free }) => [asset, free])).toEqual([
      ['USDT', '1234'],
    ]);
    expect((await books.told()).slice(0, -1)).toEqual(told);
    expect(await books.events()).toEqual(await books.told());
    await books.export();
    expect(await books.events()).toEqual(await books.told());
    expect((await books.journal.audit.verify()).fault).toBeUndefined();
    // What was there is not deleted.
    expect(readdirSync(aside)).toContain(engine === 'sqlite' ? 'journal.db' : 'books.dump');
  });

  it('says whose books it holds, and where they take the place of others', async () => {
    const identity = { venue: 'binance', market: 'paper exchange 1000000001', fingerprint: 'a'.repeat(64) };
    const { bindings } = books.journal;
    const { binding } = await bindings.bind({ account: 'main', identity, by: 'npm start', via: 'system:npm start' });
    const { folder } = await makeBackup({ ...places, binding }, { at: Date.now(), scheduled: false });
    await books.close();
    const at = Date.now();
    const same = await restoreBackup(folder, places, at);
    await completeReplacement(places);
    expect(same).toMatchObject({ manifest: { journal: places.journal, binding }, former: { journal: places.journal } });

    // Other books in their place: a new file, or a database that somebody has made anew.
    if (places.books.engine === 'sqlite') rmSync(places.books.journal);
    else {
      const client = new Client({ connectionString: places.books.url });
      await client.connect();
      await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public;');
      await client.end();
    }
    books = await open(places);
    const { id } = books.journal;
    expect(id).not.toBe(places.journal);
    await books.close();
    const other = await restoreBackup(folder, places, at);
    expect(other.former?.journal).toBe(id);
    // Of two within a second each has what it replaced in a place of its own.
    expect(other.aside).not.toBe(same.aside);
    expect(await listAsides(dirname(other.aside))).toHaveLength(2);
    books = await open(places);
    expect(await books.journal.bindings.read('main')).toEqual(binding);
  });

  it('is consistent while everything is written to', { timeout: 30_000 }, async () => {
    const stop = new AbortController();
    const writing = (async () => {
      for (let round = 0; !stop.signal.aborted; round += 1) {
        await books.journal.outbox.append(facts(20, 1_000 + round * 20));
        if (round % 5 === 0) await books.export();
      }
    })();
    const { folder } = await makeBackup(places, { at: Date.now(), scheduled: false });
    stop.abort();
    await writing;
    await books.close();
    await restoreBackup(folder, places, Date.now());
    books = await open(places);
    await books.export();
    expect(await books.events()).toEqual(await books.told());
  });

  it('is refused while another process has the books open, and not once that was killed', async () => {
    const { folder } = await makeBackup(places, { at: Date.now(), scheduled: false });
    await books.close();
    const address = places.books.engine === 'sqlite' ? places.books.journal : places.books.url;
    const program = fileURLToPath(new URL('open-books.ts', import.meta.url));
    const holder = spawn(process.execPath, [program, engine, address], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(holder, 'exit');
    await once(holder.stdout, 'data');
    const startedAt = Date.now();
    const refusal = await restoreBackup(folder, places, startedAt).catch((error: unknown) => error);
    holder.kill('SIGKILL');
    await ended;
    expect(refusal).toMatchObject({ code: 'StillRunning', exitCode: ExitCode.refused });
    if (engine === 'postgres') {
      const [, name, since] =
        /use: "(.*)" from 127\.0\.0\.1 since (\S+?)(, and \d+ more sessions)?\. Stop/.exec(String(refusal)) ?? [];
      expect(name).toBe(`sapphire open-books ${holder.pid}@${hostname()}`.slice(0, 63));
      expect(startedAt - Date.parse(since ?? '')).toBeLessThan(60_000);
    } else expect(String(refusal)).toContain(`is open in process ${holder.pid} (`);
    // The server sees within a moment that the process is gone.
    await vi.waitFor(() => restoreBackup(folder, places, Date.now()), 10_000);
    books = await open(places);
    expect(await books.told()).not.toEqual([]);
  });

  it('has whoever starts during a restore wait for it', async () => {
    if (places.books.engine === 'sqlite') return;
    const { url } = places.books;
    await books.close();
    let restored = false;
    const { opening } = await whileNobodyUses(places.books, async () => {
      const start = async () => {
        const journal = await openPostgresJournal(url, PAPER);
        expect(restored).toBe(true);
        await journal.close();
      };
      const starting = start();
      await sleep(500);
      restored = true;
      return { opening: starting };
    });
    await opening;
    books = await open(places);
  });

  it('is refused when a file of it was changed, and changes nothing then', async () => {
    const { folder, manifest } = await makeBackup(places, { at: Date.now(), scheduled: false });
    const [first] = manifest.files;
    if (!first) throw new Error('it has files');
    const copy = join(temporaryFolder(), 'copy');
    cpSync(folder, copy, { recursive: true });
    writeFileSync(join(copy, first.path), 'something else');
    await books.journal.outbox.append(facts(1, 500));
    await books.close();
    await expect(restoreBackup(copy, places, Date.now())).rejects.toThrow(/was changed.*\.\/sapphire backup list/);
    rmSync(join(copy, first.path));
    await expect(restoreBackup(copy, places, Date.now())).rejects.toThrow(/is missing/);
    books = await open(places);
    expect(await books.told()).toContain('fact/500');
    const other = { ...places, mode: 'live' as const };
    await expect(restoreBackup(folder, other, Date.now())).rejects.toThrow(/backup of paper books/);
  });
});

it('keeps backups of persons, and the newest, when it deletes old ones', async () => {
  const folder = temporaryFolder();
  const places: Places = {
    mode: 'paper',
    journal: 'j',
    books: { engine: 'sqlite', journal: join(folder, 'journal.db'), market: join(folder, 'market-buffer.db') },
    warehouse: join(folder, 'warehouse'),
    backups: join(folder, 'backups'),
    key: join(folder, 'backup.key'),
  };
  const books = await open(places);
  for (const [age, scheduled] of [
    [5, true],
    [4, false],
    [3, true],
    [2, true],
  ] as const) {
    await makeBackup(places, { at: 100 * DAY - age * DAY, scheduled });
  }
  await books.close();
  expect(await expireBackups(places, 99 * DAY)).toBe(2);
  expect((await listBackups(places.backups)).map(({ manifest }) => manifest.scheduled)).toEqual([true, false]);
});

it('deletes what restores moved aside with the backups of that age', async () => {
  const folder = temporaryFolder();
  for (const name of ['before-restore-20260101T000000Z', 'before-restore-20260103T000000Z', 'before-restore-mine']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'journal.db'), 'x'.repeat(1_000));
  }
  const places = {
    mode: 'paper',
    backups: join(folder, 'backups'),
    warehouse: join(folder, 'warehouse', 'paper'),
  } as const;
  expect(await listAsides(folder)).toMatchObject([
    { madeAt: Date.UTC(2026, 0, 3), bytes: 1_000 },
    { madeAt: Date.UTC(2026, 0, 1), bytes: 1_000 },
  ]);
  expect(await expireBackups(places, Date.UTC(2026, 0, 2))).toBe(1);
  expect(readdirSync(folder).sort()).toEqual(['before-restore-20260103T000000Z', 'before-restore-mine']);
});
