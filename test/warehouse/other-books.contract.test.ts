import { afterEach, beforeEach, expect, it } from 'vitest';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { compactSegments } from '../../stores/warehouse/segments/compact.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { type Books, facts, startBooks } from './harness.ts';

let own: Books;
let others: Books;
beforeEach(async () => {
  [own, others] = [await startBooks(), await startBooks()];
  await own.journal.outbox.append(facts(5));
  await others.journal.outbox.append(facts(5));
  await exportEvents(own.warehouse, own.feeds);
});
afterEach(async () => {
  await own.close();
  await others.close();
});

it('a warehouse takes nothing of other books than those that it holds, and shows them nothing', async () => {
  const { folder } = own.warehouse;
  const count = 'SELECT count(*)::INTEGER AS n FROM events';
  const before = await own.query(count);
  const foreign = openWarehouse({ folder, mode: 'paper', journal: others.journal.id });
  const refused = { code: 'WarehouseOfOtherBooks', message: expect.stringContaining(own.journal.id) };
  await expect(exportEvents(foreign, others.feeds)).rejects.toMatchObject(refused);
  await expect(compactSegments(foreign)).rejects.toMatchObject(refused);
  await expect(readWarehouse(foreign, others.feeds, async () => 'read')).rejects.toMatchObject(refused);
  const live = openWarehouse({ folder, mode: 'live', journal: own.journal.id });
  await expect(readWarehouse(live, own.feeds, async () => 'read')).rejects.toMatchObject({ code: refused.code });
  expect(await own.query(count)).toEqual(before);
});
