import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { findGaps, skipGaps } from '../../stores/warehouse/segments/gaps.ts';
import { currentManifest } from '../../stores/warehouse/warehouse.ts';
import { type Books, facts, startBooks } from './harness.ts';

let books: Books;
beforeEach(async () => {
  books = await startBooks();
});
afterEach(() => books.close());

const run = () => exportEvents(books.warehouse, books.feeds);
const archived = async (): Promise<unknown[]> =>
  (await books.query("SELECT event_id FROM events WHERE event_id LIKE 'fact/%' ORDER BY sequence")).map(
    (row) => row['event_id'],
  );

describe('a warehouse that missed events which are deleted by now', () => {
  it('goes on behind them once it is let, keeps what it has, and names for ever what is missing', async () => {
    const { outbox } = books.journal;
    await outbox.append(facts(1));
    await run();
    const { journal: first } = (await currentManifest(books.warehouse)).cursors;
    await outbox.append(facts(2, 2));
    await outbox.trim(first + 2, Date.now() + 1_000);
    await outbox.append(facts(1, 4));
    await expect(run()).rejects.toMatchObject({
      code: 'WarehouseBehind',
      message: expect.stringContaining('./sapphire warehouse skip'),
    });

    const gaps = await findGaps(books.warehouse, books.feeds);
    expect(gaps).toEqual([
      { source: 'journal', from: first + 1, to: first + 2, since: expect.any(Number), until: expect.any(Number) },
    ]);
    const [{ since, until } = { since: 0, until: 0 }] = gaps;
    expect(Number(since)).toBeLessThanOrEqual(Number(until));
    expect(await skipGaps(books.warehouse, books.feeds)).toEqual(gaps);
    expect(await skipGaps(books.warehouse, books.feeds)).toEqual([]);
    await run();
    expect(await archived()).toEqual(['fact/1', 'fact/4']);
    expect((await currentManifest(books.warehouse)).gaps).toEqual(gaps);
  });

  it('begins anew from what is kept where its folder is gone', async () => {
    const { outbox } = books.journal;
    await outbox.append(facts(2));
    await run();
    await outbox.trim((await currentManifest(books.warehouse)).cursors.journal, Date.now() + 1_000);
    await outbox.append(facts(1, 3));
    rmSync(books.warehouse.folder, { recursive: true });
    await expect(run()).rejects.toMatchObject({ code: 'WarehouseBehind' });
    expect(await findGaps(books.warehouse, books.feeds)).toMatchObject([{ source: 'journal', from: 1, since: null }]);
    await skipGaps(books.warehouse, books.feeds);
    await run();
    expect(await archived()).toEqual(['fact/3']);
  });

  it('is none where everything is kept', async () => {
    await books.journal.outbox.append(facts(2));
    expect(await findGaps(books.warehouse, books.feeds)).toEqual([]);
    expect(await skipGaps(books.warehouse, books.feeds)).toEqual([]);
  });
});
