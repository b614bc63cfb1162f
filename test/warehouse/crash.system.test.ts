import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compactSegments } from '../../stores/warehouse/segments/compact.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { type Books, facts, startBooks } from './harness.ts';

const script = fileURLToPath(new URL('exporter-process.ts', import.meta.url));

let books: Books;
beforeEach(async () => {
  books = await startBooks();
});
afterEach(() => books.close());

async function exportAndDie(...how: [when: string, step: string, count: string]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [script, books.folder, ...how], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal;
}

async function expectEachEventOnce(): Promise<void> {
  const told = (await books.journal.outbox.after(0, 1_000_000)).map(({ eventId }) => eventId);
  for (const table of ['events', 'fills']) {
    const there = await books.query(`SELECT event_id FROM ${table} ORDER BY sequence`);
    expect(there.map(({ event_id: id }) => id)).toEqual(
      table === 'events' ? told : told.filter((id) => id.startsWith('fact/')),
    );
  }
}

// What an export calls, in its order: a segment of `events`, one of `fills`, and the manifest that makes both count.
it.each([
  ['the segment of the archive is written', 'before', 'sync', '1'],
  ['it is on the disk itself', 'after', 'sync', '1'],
  ['it has its name', 'after', 'rename', '1'],
  ['the second segment is written', 'before', 'sync', '2'],
  ['all segments have their names', 'after', 'rename', '2'],
  ['the manifest is to be written', 'before', 'createExclusive', '1'],
  ['the manifest counts', 'after', 'createExclusive', '1'],
])('has each event once when the exporter is killed once %s', { timeout: 30_000 }, async (_, when, step, count) => {
  await books.journal.outbox.append(facts(20));
  await exportEvents(books.warehouse, books.feeds);
  await books.journal.outbox.append(facts(20, 21));
  expect(await exportAndDie(when, step, count)).toBe('SIGKILL');
  await books.journal.outbox.append(facts(20, 41));
  expect(await exportAndDie('before', 'none', '1')).toBe(null);
  await expectEachEventOnce();
  await compactSegments(books.warehouse);
  await expectEachEventOnce();
});
