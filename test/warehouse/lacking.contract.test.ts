import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lackingIn } from '../../stores/backup/lacking.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { currentManifest } from '../../stores/warehouse/warehouse.ts';
import { type Books, facts, startBooks } from './harness.ts';

let books: Books;
beforeEach(async () => {
  books = await startBooks();
});
afterEach(() => books.close());

it('a backup is told to lack the events that only the warehouse of another machine has', async () => {
  const { journal, warehouse, feeds } = books;
  await journal.outbox.append(facts(3));
  expect(await lackingIn(warehouse.folder, journal)).toEqual([]);
  await exportEvents(warehouse, feeds);
  const { journal: last } = (await currentManifest(warehouse)).cursors;
  await journal.outbox.trim(last, Date.now() + 1_000);
  expect(await lackingIn(warehouse.folder, journal)).toEqual([]);
  rmSync(warehouse.folder, { recursive: true });
  expect(await lackingIn(warehouse.folder, journal)).toEqual([`events 1 to ${last} of the journal`]);
});
