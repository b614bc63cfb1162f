import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compactSegments, expireSegments, sweepFiles } from '../../stores/warehouse/segments/compact.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { diskFiles, type SegmentFiles } from '../../stores/warehouse/segments/files.ts';
import { readManifest } from '../../stores/warehouse/segments/manifest.ts';
import { currentManifest } from '../../stores/warehouse/warehouse.ts';
import { type Books, facts, spoilFile, startBooks, tradeSomething } from './harness.ts';

let books: Books;
beforeEach(async () => {
  books = await startBooks();
});
afterEach(() => books.close());

const DAY_MS = 86_400_000;
const keepAll = { market: null, signals: null, trading: null, audit: null, archive: null };

async function expectEachEventOnce(): Promise<void> {
  const told = (await books.journal.outbox.after(0, 1_000_000)).map(({ eventId }) => eventId);
  const there = await books.query("SELECT event_id FROM events WHERE source = 'journal' ORDER BY sequence");
  expect(there.map(({ event_id: id }) => id)).toEqual(told);
}

function filesOf(table: string): string[] {
  return readdirSync(join(books.warehouse.folder, table));
}

describe('an export', () => {
  it('brings every event into its tables, typed and to the last digit', async () => {
    await tradeSomething(books, 2);
    const report = await exportEvents(books.warehouse, books.feeds);
    expect(report.events).toBeGreaterThan(10);
    await expectEachEventOnce();
    expect(await books.query('SELECT * FROM unread_events')).toEqual([]);
    const fills = await books.query(
      'SELECT trade_id, side, price::VARCHAR AS price, notional::VARCHAR AS notional, realized_pnl::VARCHAR AS pnl, epoch_ms(event_at)::INTEGER AS at, mode FROM fills ORDER BY event_at',
    );
    expect(fills[0]).toEqual({
      trade_id: 'sph1-buy',
      side: 'buy',
      price: '60000.000000000000000000',
      notional: '600.000000000000000000',
      pnl: '0.000000000000000000',
      at: 1_000,
      mode: 'paper',
    });
    // 61000 · 0.01 − 0.6 for the sale, less 600 + 0.6 for what was bought.
    expect(fills[1]).toMatchObject({ side: 'sell', pnl: '8.800000000000000000' });
    expect(await books.query('SELECT DISTINCT state FROM orders ORDER BY state')).toEqual([
      { state: 'filled' },
      { state: 'submitted' },
    ]);
    const [flow] = await books.query('SELECT amount::VARCHAR AS amount FROM capital_flows');
    expect(flow).toEqual({ amount: '100000.000000000000000000' });
  });

  it('adds nothing the second time, and what came since at the third', async () => {
    await tradeSomething(books, 1);
    await exportEvents(books.warehouse, books.feeds);
    const before = await readManifest(books.warehouse.folder);
    expect(await exportEvents(books.warehouse, books.feeds)).toMatchObject({ events: 0, rows: 0 });
    expect(await readManifest(books.warehouse.folder)).toEqual(before);
    await books.journal.outbox.append(facts(3));
    expect(await exportEvents(books.warehouse, books.feeds)).toMatchObject({ events: 3, rows: 6 });
    await expectEachEventOnce();
  });

  it('writes in batches and stays whole when it is called off between two', async () => {
    await books.journal.outbox.append(facts(45_000));
    const stop = new AbortController();
    const exporting = exportEvents(books.warehouse, books.feeds, { signal: stop.signal, onBatch: () => stop.abort() });
    await expect(exporting).rejects.toThrow('aborted');
    expect((await currentManifest(books.warehouse)).cursors.journal).toBe(20_000);
    await exportEvents(books.warehouse, books.feeds);
    await expectEachEventOnce();
  });

  it('leaves out of a reader nothing of what waits for it, however much that is', async () => {
    await books.journal.outbox.append(facts(1));
    await exportEvents(books.warehouse, books.feeds);
    await books.journal.outbox.append(facts(100_002, 2));
    const [all] = await books.query(
      'SELECT COUNT(*)::INTEGER AS n, MAX(CAST(trade_id AS INTEGER)) AS newest FROM fills',
      {
        tail: true,
      },
    );
    expect(all).toEqual({ n: 100_003, newest: 100_003 });
  });

  it('keeps what it cannot read, and says why', async () => {
    await books.journal.outbox.append([
      { eventId: 'odd', kind: 'fill.booked', payload: { symbol: 'BTC/USDT', price: '1e3', quantity: '1', fee: '0' } },
      { eventId: 'new', kind: 'moon.landed', payload: {} },
      ...facts(1),
    ]);
    await exportEvents(books.warehouse, books.feeds);
    const unread = await books.query('SELECT event_id, kind, reason FROM unread_events ORDER BY sequence');
    expect(unread).toMatchObject([
      { event_id: 'odd', reason: expect.stringContaining('account: Invalid input') },
      { event_id: 'new', reason: 'this release knows no such kind' },
    ]);
    await expectEachEventOnce();
    expect(await books.query('SELECT count(*)::INTEGER AS n FROM fills')).toEqual([{ n: 1 }]);
  });

  it('lets one of two exporters at once win each batch, and doubles nothing', async () => {
    await books.journal.outbox.append(facts(60_000));
    await Promise.all([1, 2, 3].map(() => exportEvents(books.warehouse, books.feeds)));
    await expectEachEventOnce();
  });

  it('does not let a commit count that was made for an older manifest', async () => {
    await books.journal.outbox.append(facts(10));
    let stalled = false;
    const late = {
      ...books.warehouse,
      files: {
        ...diskFiles,
        async createExclusive(path: string, content: string) {
          if (!stalled) {
            stalled = true;
            await exportEvents(books.warehouse, books.feeds);
          }
          return diskFiles.createExclusive(path, content);
        },
      },
    };
    await exportEvents(late, books.feeds);
    await expectEachEventOnce();
  });

  it.each(['sync', 'rename', 'createExclusive'] as const)(
    'loses and doubles nothing when the disk is full at %s',
    async (step) => {
      await books.journal.outbox.append(facts(50));
      const full = {
        ...books.warehouse,
        files: {
          ...diskFiles,
          [step]: async () => {
            throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
          },
        },
      };
      await expect(exportEvents(full, books.feeds)).rejects.toThrow('ENOSPC');
      expect(await books.query('SELECT * FROM events')).toEqual([]);
      await exportEvents(books.warehouse, books.feeds);
      await expectEachEventOnce();
    },
  );

  it('refuses the folder of other books, and a gap that nobody can fill', async () => {
    await books.journal.outbox.append(facts(5));
    await exportEvents(books.warehouse, books.feeds);
    await expect(currentManifest({ ...books.warehouse, journal: 'another' })).rejects.toThrow('other books');
    await expect(currentManifest({ ...books.warehouse, mode: 'live' })).rejects.toThrow('other books');
    await books.journal.outbox.append(facts(5, 6));
    const last = await books.journal.outbox.lastSequence();
    await books.journal.outbox.trim(last, Date.now() + 1);
    await expect(exportEvents(books.warehouse, books.feeds)).rejects.toThrow(
      /events up to 6, and those up to 11 are no longer kept/,
    );
  });

  it('says what to do about a manifest that was damaged', async () => {
    await books.journal.outbox.append(facts(1));
    await exportEvents(books.warehouse, books.feeds);
    writeFileSync(join(books.warehouse.folder, 'manifest-000000000001.json'), '{"version":1');
    await expect(currentManifest(books.warehouse)).rejects.toThrow(
      /cannot be read.*Restore the warehouse from a backup/,
    );
  });
});

describe('what is younger than the last export', () => {
  it('is read from the buffers, once', async () => {
    await books.journal.outbox.append(facts(4));
    await exportEvents(books.warehouse, books.feeds);
    await books.journal.outbox.append(facts(3, 5));
    const count = 'SELECT count(*)::INTEGER AS n FROM fills';
    expect(await books.query(count)).toEqual([{ n: 4 }]);
    expect(await books.query(count, { tail: true })).toEqual([{ n: 7 }]);
  });
});

describe('housekeeping', () => {
  async function manyExports(count: number): Promise<void> {
    for (let round = 0; round < count; round += 1) {
      await books.journal.outbox.append(facts(2, 1 + round * 2));
      await exportEvents(books.warehouse, books.feeds);
    }
  }

  it('makes one segment of ten small ones and changes no row', async () => {
    await manyExports(21);
    const rows = 'SELECT * EXCLUDE (ingested_at) FROM fills ORDER BY event_id';
    const before = await books.query(rows);
    expect(await compactSegments(books.warehouse)).toBe(36);
    const { segments } = await currentManifest(books.warehouse);
    expect(segments.filter(({ table }) => table === 'fills').map((segment) => segment.rows)).toEqual([2, 20, 20]);
    expect(await books.query(rows)).toEqual(before);
    await expectEachEventOnce();
    expect(await compactSegments(books.warehouse)).toBe(0);
  });

  it('makes few of the other tables where one cannot be written, and tells which that is', async () => {
    await manyExports(10);
    const files: SegmentFiles = {
      ...diskFiles,
      rename: async (from, to) => {
        if (to.includes('/fills/')) throw new Error('no room for fills');
        await diskFiles.rename(from, to);
      },
    };
    const told: [string, unknown][] = [];
    const taken = await compactSegments({ ...books.warehouse, files }, undefined, (table, error) =>
      told.push([table, error]),
    );
    expect(told).toEqual([['fills', new Error('no room for fills')]]);
    expect(taken).toBe(9);
    const { segments } = await currentManifest(books.warehouse);
    expect(segments.filter(({ table }) => table === 'fills')).toHaveLength(10);
    await expectEachEventOnce();
  });

  it('makes no file of one that is no longer as it was written', async () => {
    await manyExports(10);
    const file = spoilFile(books.warehouse, 'fills');
    const told: string[] = [];
    await compactSegments(books.warehouse, undefined, (table, error) => told.push(`${table}: ${String(error)}`));
    expect(told).toEqual([expect.stringMatching(/^fills: .*is not as it was written/)]);
    expect(filesOf('fills')).toContain(basename(file));
  });

  it('leaves alone what the cloud has not got yet', async () => {
    await manyExports(12);
    expect(await compactSegments(books.warehouse, 'project.dataset')).toBe(0);
  });

  it('deletes retired files and interrupted drafts, after a while', async () => {
    await manyExports(10);
    await compactSegments(books.warehouse);
    const draft = join(books.warehouse.folder, 'fills', '.journal-1-2.9.x.tmp');
    writeFileSync(draft, 'half');
    expect(filesOf('fills')).toHaveLength(12);
    expect(await sweepFiles(books.warehouse)).toBe(0);
    const hourAgo = Date.now() / 1_000 - 3_600;
    await utimes(draft, hourAgo, hourAgo);
    expect(await sweepFiles({ ...books.warehouse, now: () => Date.now() + 16 * 60_000 })).toBeGreaterThan(10);
    expect(filesOf('fills')).toHaveLength(1);
    await expectEachEventOnce();
  });

  it('deletes by class of data what is older than it is kept, and nothing else', async () => {
    const day = 86_400_000;
    const now = 1_700_000_000_000 + 100 * day;
    const at = (days: number) => ({ filledAt: 1_700_000_000_000 + days * day });
    const [old, middle, young] = facts(3).map((event, index) => ({
      ...event,
      payload: { ...(event.payload as object), ...at(index * 45) },
    }));
    if (!old || !middle || !young) throw new Error('three were made');
    await books.journal.outbox.append([old, middle, young]);
    await exportEvents(books.warehouse, books.feeds);
    const later = { ...books.warehouse, now: () => now };
    expect(await expireSegments(later, keepAll)).toEqual({});
    expect(await expireSegments(later, { ...keepAll, trading: 60 })).toEqual({ fills: 1 });
    expect(await books.query('SELECT event_id FROM fills ORDER BY 1')).toEqual([
      { event_id: 'fact/2' },
      { event_id: 'fact/3' },
    ]);
    expect(await expireSegments(later, { ...keepAll, trading: 60 })).toEqual({});
    expect(await expireSegments(later, { ...keepAll, trading: 1 })).toEqual({ fills: 2 });
    expect(await books.query('SELECT * FROM fills')).toEqual([]);
    await expectEachEventOnce();
  });

  it('leaves one whole that is no longer as it was written until all of it is old, and deletes of the others', async () => {
    const today = Date.now();
    const [old, young] = [today - 90 * DAY_MS, today + 8 * DAY_MS];
    const filled = facts(2).map((event, index) => ({
      ...event,
      payload: { ...(event.payload as object), filledAt: index === 0 ? old : young },
    }));
    await books.journal.outbox.append(filled);
    await exportEvents(books.warehouse, books.feeds);
    const [{ n: all } = {}] = await books.query('SELECT count(*)::INTEGER AS n FROM events');
    const file = spoilFile(books.warehouse, 'fills');
    const later = { ...books.warehouse, now: () => today + 10 * DAY_MS };
    const keep = { ...keepAll, trading: 60, archive: 5 };
    await expect(expireSegments(later, keep)).rejects.toThrow(/fills.* is not as it was written/);
    const told: string[] = [];
    const tell = (table: string, error: unknown): void => void told.push(`${table}: ${String(error)}`);
    expect(await expireSegments(later, keep, {}, tell)).toEqual({ events: all });
    expect(told).toEqual([expect.stringMatching(/^fills: .*is not as it was written/)]);
    const { segments, expired = {} } = await currentManifest(books.warehouse);
    expect(segments.map((segment) => segment.file)).toContain(file);
    expect(Object.keys(expired)).toEqual(['archive']);
    expect(await expireSegments(later, { ...keep, trading: 1 }, {}, tell)).toEqual({ fills: 2 });
  });

  it('fills a new warehouse from what the journal still has', async () => {
    await manyExports(3);
    rmSync(books.warehouse.folder, { recursive: true });
    await exportEvents(books.warehouse, books.feeds);
    await expectEachEventOnce();
  });
});
