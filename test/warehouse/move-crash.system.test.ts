import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { cycleRecord, PAPER } from '../support/books.ts';
import { type Books, startBooks } from './harness.ts';

const script = fileURLToPath(new URL('mover-process.ts', import.meta.url));
const OLD = Date.now() - 40 * 86_400_000;
const ids = Array.from({ length: 120 }, (_, index) => `old${String(index).padStart(3, '0')}`);

let books: Books;
beforeEach(async () => {
  books = await startBooks();
  const database = await openSqliteDatabase(join(books.folder, 'journal.db'), PAPER);
  const rows = [
    ...ids.map((cycleId, index) => ({ cycleId, finishedAt: OLD + index })),
    ...Array.from({ length: 1_000 }, (_, index) => ({ cycleId: `new${index}`, finishedAt: Date.now() })),
  ].map((of) => ({ ...of, record: JSON.stringify(cycleRecord(of as never)) }));
  await database.run("INSERT INTO ledgers (account, venue) VALUES ('main', 'binance') ON CONFLICT DO NOTHING");
  await database.run(
    `INSERT INTO decisions (cycle_id, account, outcome, finished_at, record)
     SELECT value ->> 'cycleId', 'main', 'NO_TRADE', value ->> 'finishedAt', value ->> 'record' FROM json_each(?)`,
    JSON.stringify(rows),
  );
  await database.close();
});
afterEach(() => books.close());

async function move(...how: [days: string, when: string, step: string]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [script, books.folder, ...how], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal;
}

const inWarehouse = async (): Promise<unknown[]> =>
  (await books.query('SELECT cycle_id FROM decision_records ORDER BY cycle_id')).map((row) => row['cycle_id']);

/** Whole in the journal, or out of it and in the warehouse. */
async function expectNoneLost(): Promise<void> {
  const there = new Set(await inWarehouse());
  for (const id of ids) {
    const here = await books.journal.cycles.find(id as never);
    if (!here) expect([id, there.has(id)]).toEqual([id, true]);
  }
}

it.each([
  ['the segment is written', '0', 'before', 'sync'],
  ['it has its name', '0', 'after', 'rename'],
  ['the manifest is to be written', '0', 'before', 'createExclusive'],
  ['the manifest counts', '0', 'after', 'createExclusive'],
  ['the first records are to leave', '1', 'before', 'release'],
  ['the first records have left', '1', 'after', 'release'],
])(
  'has each decision in one of both, and once, when retention is killed once %s',
  { timeout: 60_000 },
  async (_, days, when, step) => {
    if (days === '1') expect(await move('0', 'before', 'none')).toBe(null);
    expect(await move(days, when, step)).toBe('SIGKILL');
    await expectNoneLost();
    expect(await move('1', 'before', 'none')).toBe(null);
    await expectNoneLost();
    expect(await move('2', 'before', 'none')).toBe(null);
    expect(await inWarehouse()).toEqual(ids);
    for (const id of ids) expect(await books.journal.archive.moved(id as never)).toBeDefined();
  },
);
