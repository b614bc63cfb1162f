import { appendFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { lackingIn } from '../../stores/backup/lacking.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { findStored, listStored } from '../../stores/warehouse/decisions.ts';
import { type Feed, feedsOf } from '../../stores/warehouse/feeds.ts';
import { moveOut } from '../../stores/warehouse/move-out.ts';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { compactSegments } from '../../stores/warehouse/segments/compact.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { diskFiles, type SegmentFiles } from '../../stores/warehouse/segments/files.ts';
import { openWarehouse, type Warehouse } from '../../stores/warehouse/warehouse.ts';
import { rescore } from '../../trading/score/scores.ts';
import { adapterNames } from '../journal/adapters.ts';
import { FreshBooks } from '../journal/fresh-books.ts';
import { fund, temporaryFolder, temporaryMarketBuffer } from '../support/books.ts';
import { wholeCycle } from '../support/whole-cycle.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 30);
const OLD = NOW - 40 * DAY_MS;
const BEFORE = NOW - 30 * DAY_MS;

describe.each(adapterNames)('what is old of the decisions in %s', (name) => {
  const books = new FreshBooks(name);
  let market: MarketBuffer;
  let warehouse: Warehouse;
  let feeds: Feed[];

  beforeEach(async () => {
    books.now = OLD;
    await fund(books.journal, '1000000');
    market = await temporaryMarketBuffer();
    const folder = join(temporaryFolder(), 'warehouse');
    warehouse = openWarehouse({ folder, mode: 'paper', journal: books.journal.id, now: () => books.now });
    feeds = feedsOf(books.journal, market.outbox, () => books.now);
  });

  /** The newest thousand, which are never old. */
  async function newer(): Promise<void> {
    const database = await books.database();
    await database.run(
      `INSERT INTO decisions (cycle_id, account, outcome, finished_at, record)
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
       SELECT 'new' || i, 'main', 'NO_TRADE', CAST(? AS BIGINT) + i, '{}' FROM n`,
      NOW,
    );
    books.now = NOW;
  }

  const move = (files: SegmentFiles = diskFiles, before = BEFORE) =>
    moveOut({ archive: books.journal.archive, warehouse: { ...warehouse, files }, feeds }, before);

  async function moveAll(): Promise<void> {
    await exportEvents(warehouse, feeds);
    await move();
    books.now += DAY_MS;
    await exportEvents(warehouse, feeds);
    await move();
  }

  const stored = async (cycleId: string) =>
    findStored(warehouse, { cycleId: cycleId as never, finishedAt: OLD + Number(cycleId.slice(-1)) });
  const cycle = (number: number, changes = {}) =>
    wholeCycle(books.journal, { cycleId: `c${number}`, at: OLD + number, ...changes });

  it('is in the warehouse as it was in the journal, field by field, and nowhere else', async () => {
    await cycle(1);
    const database = await books.database();
    const record = await books.journal.cycles.find('c1');
    const consensus = await books.journal.cycles.findConsensus('c1');
    const plan = await database.row("SELECT plan, result FROM plans WHERE cycle_id = 'c1'");
    const signals = await database.rows("SELECT * FROM signals WHERE cycle_id = 'c1' ORDER BY symbol");
    expect(record).toMatchObject({ plan: { legs: [{}, {}], verdicts: [{}] }, fills: [{}], planEnd: { end: 'done' } });
    expect(signals).toHaveLength(2);
    await newer();
    await moveAll();

    expect(await books.journal.cycles.find('c1')).toBeUndefined();
    for (const table of ['plans', 'consensus'])
      expect(await database.rows(`SELECT * FROM ${table} WHERE cycle_id = 'c1'`)).toEqual([]);
    expect(await books.journal.archive.moved('c1')).toEqual({
      cycleId: 'c1',
      account: 'main',
      outcome: 'COMPLETED',
      finishedAt: OLD + 1,
      movedAt: NOW + DAY_MS,
    });
    const there = await stored('c1');
    expect(JSON.parse(there?.record ?? '')).toEqual(record);
    expect(JSON.parse(there?.consensus ?? '')).toEqual(consensus);
    expect(there?.plan).toBe(plan?.['plan']);
    expect(there?.planEnd).toBe(plan?.['result']);
    expect(JSON.parse(there?.signals ?? '')).toEqual(
      signals.map((row) => ({
        agentId: row['agent_id'],
        symbol: row['symbol'],
        model: row['model'],
        price: row['price'],
        dueAt: Number(row['due_at']),
        horizonMs: 1_000,
        formedAt: Number(row['due_at']) - 1_000,
        probabilities: JSON.parse(String(row['probabilities'])),
        expectedReturn: 0.0031,
        uncertainty: 0.011,
        conviction: 0.5,
        share: Number(row['share']),
        ...(row['final_price'] === null ? {} : { finalPrice: row['final_price'] }),
        settledAt: Number(row['settled_at']),
      })),
    );
    const listed = await listStored(warehouse, 'main', { since: OLD, until: NOW, limit: 10 });
    expect(listed).toEqual([there]);
    expect(await lackingIn(warehouse.folder, books.journal)).toEqual([]);
    expect(await lackingIn(temporaryFolder(), books.journal)).toEqual([
      `decision records that moved to the warehouse, up to ${new Date(OLD + 1).toISOString()}`,
    ]);
  });

  it('stays while it is not over, not old, one of the newest thousand, or younger than what waits for its export', async () => {
    await cycle(1, { settled: false });
    await cycle(2, { ended: false });
    await cycle(3);
    books.now = BEFORE;
    await wholeCycle(books.journal, { cycleId: 'young', at: BEFORE });
    await move();
    expect(await listStored(warehouse, 'main', { since: 0, until: NOW, limit: 10 })).toEqual([]);

    await newer();
    // Nothing of the journal's events is exported.
    expect(await move()).toEqual({ stored: 0, moved: 0 });
    await moveAll();
    const moved = await Promise.all(['c1', 'c2', 'c3', 'young'].map((id) => books.journal.archive.moved(id)));
    expect(moved.map((one) => one?.cycleId)).toEqual([undefined, undefined, 'c3', undefined]);
    expect(await books.journal.cycles.list('main', 1_010)).toHaveLength(1_003);
  });

  it('leaves the journal a round after it came to the warehouse, so that a backup between has it in one of both', async () => {
    await cycle(1);
    await newer();
    await exportEvents(warehouse, feeds);
    expect(await move()).toEqual({ stored: 1, moved: 0 });
    expect(await move()).toEqual({ stored: 0, moved: 0 });
    expect(await books.journal.cycles.find('c1')).toBeDefined();
    books.now += 6 * 3_600_000;
    expect(await move()).toMatchObject({ stored: 0, moved: 1 });
  });

  it('is there once and whole wherever the way there is cut off', async () => {
    for (const number of [1, 2, 3]) await cycle(number);
    await newer();
    await exportEvents(warehouse, feeds);
    for (const step of ['sync', 'rename', 'createExclusive'] as const) {
      const broken = { ...diskFiles, [step]: () => Promise.reject(new Error(`cut off at ${step}`)) };
      await expect(move(broken)).rejects.toThrow('cut off');
    }
    // The commit is there, and whoever made it does not know.
    const unsure: SegmentFiles = {
      ...diskFiles,
      createExclusive: async (path, content) => {
        await diskFiles.createExclusive(path, content);
        throw new Error('cut off after the commit');
      },
    };
    await expect(move(unsure)).rejects.toThrow('after the commit');
    await Promise.all([move(), move()]);
    books.now += DAY_MS;
    const { archive } = books.journal;
    const torn = { ...archive, release: () => Promise.reject(new Error('cut off before the release')) };
    await expect(moveOut({ archive: torn, warehouse, feeds }, BEFORE)).rejects.toThrow('before the release');
    await archive.release(['c1'], 'a test that ends here');
    await Promise.all([move(), move()]);
    for (const id of ['c1', 'c2', 'c3']) expect(await archive.moved(id)).toBeDefined();
    const rows = await readWarehouse(warehouse, [], ({ query }) =>
      query('SELECT cycle_id FROM decision_records ORDER BY cycle_id'),
    );
    expect(rows.map((row) => row['cycle_id'])).toEqual(['c1', 'c2', 'c3']);
  });

  it('stays in the journal where the warehouse has not got the same text, in files that are as they were written', async () => {
    await cycle(1);
    await newer();
    await exportEvents(warehouse, feeds);
    await move();
    books.now += DAY_MS;
    const database = await books.database();
    const folder = join(warehouse.folder, 'decision_records');
    const [file = ''] = readdirSync(folder);
    await database.run("UPDATE decisions SET record = record || ' ' WHERE cycle_id = 'c1'");
    await expect(move()).rejects.toThrow('another record of c1');
    await database.run("UPDATE decisions SET record = substr(record, 1, length(record) - 1) WHERE cycle_id = 'c1'");
    appendFileSync(join(folder, file), ' ');
    await expect(move()).rejects.toMatchObject({
      code: 'WarehouseUnreadable',
      message: expect.stringContaining('is not as it was written'),
    });
    rmSync(join(folder, file));
    await expect(move()).rejects.toMatchObject({ code: 'WarehouseUnreadable' });
    expect(await books.journal.cycles.find('c1')).toBeDefined();
  });

  it('goes into no warehouse that stands behind its books', async () => {
    await cycle(1);
    await newer();
    await exportEvents(warehouse, feeds);
    await books.journal.outbox.trim(1_000_000, NOW + 1);
    rmSync(warehouse.folder, { recursive: true });
    expect(await move()).toEqual({ stored: 0, moved: 0 });
  });

  it('leaves orders, money, scores and the audit trail as they were', async () => {
    for (let number = 1; number <= 4; number += 1) await cycle(number);
    await newer();
    const { intents, ledger, scores, audit } = books.journal;
    const seen = async () => ({
      orders: await intents.ofLeg('c1/buy'),
      fills: await ledger.fillsOfCycle('c1'),
      balances: await ledger.balances('main'),
      positions: await ledger.positions('main'),
      marks: await ledger.equityMarks('main'),
      scores: await scores.read('main'),
    });
    const before = await seen();
    expect(before.fills).toHaveLength(1);
    await moveAll();
    expect(await books.journal.archive.moved('c4')).toBeDefined();
    expect(await seen()).toEqual(before);
    expect(await audit.verify()).toMatchObject({ fault: undefined, differences: [] });
    const entries = await audit.after(0, 1_000);
    expect(entries.filter(({ kind }) => kind === 'data.deleted')).toMatchObject([
      { by: 'retention', reason: `moved to the warehouse in ${warehouse.folder}`, via: 'system:retention' },
    ]);
  });

  it('takes its signals along, and leaves what they came to for the agents’ scores', async () => {
    const database = await books.database();
    await cycle(1);
    const agents = ['technical'];
    const [before] = await rescore(books.journal, 'main', agents, NOW);
    expect(before).toMatchObject({ count: 1 });
    await newer();
    await moveAll();
    expect(await database.rows("SELECT symbol FROM signals WHERE cycle_id = 'c1'")).toEqual([]);
    const [after] = await rescore(books.journal, 'main', agents, NOW + 3_600_000);
    expect(after).toMatchObject({ count: 1, brier: expect.closeTo(before?.brier ?? Number.NaN, 9) });
  });

  it('is not decided again under the same id', async () => {
    await cycle(1);
    await newer();
    await moveAll();
    const events = await books.journal.outbox.lastSequence();
    await expect(cycle(1)).rejects.toMatchObject({ code: 'CycleOver' });
    await expect(
      books.journal.cycles.plan('c1', 'main', books.now, () => {
        throw new Error('it is decided');
      }),
    ).rejects.toMatchObject({ code: 'CycleOver' });
    await books.journal.cycles.record({ ...JSON.parse((await stored('c1'))?.record ?? ''), summary: 'another' });
    expect(await books.journal.outbox.lastSequence()).toBe(events);
  });

  it('is shown from the warehouse only as it was written there', async () => {
    await cycle(1);
    await newer();
    await moveAll();
    const folder = join(warehouse.folder, 'decision_records');
    const [file = ''] = readdirSync(folder);
    appendFileSync(join(folder, file), ' ');
    const refused = { code: 'WarehouseUnreadable', message: expect.stringContaining('is not as it was written') };
    await expect(stored('c1')).rejects.toMatchObject(refused);
    await expect(listStored(warehouse, 'main', { since: 0, until: NOW, limit: 10 })).rejects.toMatchObject(refused);
  });

  it('is still there once small segments are one', async () => {
    for (let number = 1; number <= 9; number += 1) {
      books.now = OLD;
      await cycle(number);
    }
    await newer();
    await exportEvents(warehouse, feeds);
    for (let number = 1; number <= 9; number += 1) await move(diskFiles, OLD + number + 1);
    await cycle(0);
    await exportEvents(warehouse, feeds);
    await move();
    await compactSegments(warehouse);
    books.now += DAY_MS;
    await exportEvents(warehouse, feeds);
    expect(await move()).toMatchObject({ moved: 10 });
    expect((await stored('c7'))?.cycleId).toBe('c7');
  });
});
