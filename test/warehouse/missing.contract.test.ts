import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewEvent } from '../../stores/journal/books/outbox.ts';
import { makePage, runReports } from '../../stores/warehouse/pages/make.ts';
import { pageHtml } from '../../stores/warehouse/pages/page.ts';
import type { Cell } from '../../stores/warehouse/reports/index.ts';
import { profitByDay } from '../../stores/warehouse/reports/profit.ts';
import { expireSegments } from '../../stores/warehouse/segments/compact.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { missingFrom, missingLine, skipGaps } from '../../stores/warehouse/segments/gaps.ts';
import { currentManifest } from '../../stores/warehouse/warehouse.ts';
import { type Books, startBooks } from './harness.ts';

const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 10, 2);
const at = (day: number, hour = 12): number => FIRST + day * DAY + hour * 3_600_000;
const range = { from: FIRST, to: FIRST + 30 * DAY };

let books: Books;
beforeEach(async () => {
  books = await startBooks();
});
afterEach(() => books.close());

function flow(when: number, value: string): NewEvent {
  const payload = { account: 'main', asset: 'USDT', amount: value, value, at: when };
  return { eventId: `flow/${when}`, kind: 'capital.deposited', payload };
}

function marked(when: number, equity: string): NewEvent {
  const marks = { equity, dayOpen: equity, highWater: equity, at: when, balances: [], positions: [], prices: {} };
  return { eventId: `equity/${when}`, kind: 'equity.marked', payload: { account: 'main', currency: 'USDT', ...marks } };
}

const tell = (...events: NewEvent[]): Promise<void> => books.journal.outbox.append(events);
const run = () => exportEvents(books.warehouse, books.feeds);
const days = async (): Promise<Record<string, Cell>[]> =>
  (await runReports(books.warehouse, books.feeds, range, [profitByDay]))[0]?.rows ?? [];
const missing = async () => (await missingFrom(books.warehouse, books.feeds, range)).missing;
/** Exports what was told, and deletes it from the books. */
async function trimmed(): Promise<void> {
  await run();
  await books.journal.outbox.trim((await currentManifest(books.warehouse)).cursors.journal, Date.now() + 1_000);
}

describe('reports over a warehouse that has not got all of the past', () => {
  it('take no later deposit for the first where the warehouse was moved away, and say what is missing', async () => {
    await tell(flow(at(0), '10000'), marked(at(0, 13), '10000'), marked(at(1), '9990'));
    expect(await days()).toMatchObject([{ pnl: '0' }, { pnl: '-10', equity: '9990' }]);
    expect(await missing()).toEqual([]);
    await trimmed();
    rmSync(books.warehouse.folder, { recursive: true });
    await tell(flow(at(2), '500'), marked(at(2, 13), '10490'), marked(at(3), '10500'));

    const wanted = [
      { equity: '10490', pnl: null, flows: '500' },
      { equity: '10500', pnl: '10', flows: '0' },
    ];
    expect(await days()).toMatchObject(wanted);
    expect(await missing()).toEqual([{ why: 'behind', of: 'journal', since: null, until: expect.any(Number) }]);

    await skipGaps(books.warehouse, books.feeds);
    await run();
    expect(await days()).toMatchObject(wanted);
    const [skipped] = await missingFrom(books.warehouse, books.feeds, { from: 0, to: Date.now() + DAY }).then(
      (found) => found.missing,
    );
    expect(skipped).toMatchObject({ why: 'skipped', of: 'journal', since: null });
    const config = { account: 'main', currency: 'USDT', mode: 'paper', demo: false } as const;
    const html = pageHtml(await makePage(books.warehouse, books.feeds, config, { period: 'monthly', at: at(2) }));
    expect(html).toContain('MISSING in these figures: journal events from the beginning until');
    expect(html).toContain('PnL, USDT<b>–</b>');
  });

  it('say no equity of a day between what is missing and the next mark', async () => {
    await tell(flow(at(0), '10000'), marked(at(0, 13), '10000'));
    await trimmed();
    await tell(flow(at(1), '7'));
    await books.journal.outbox.trim(await books.journal.outbox.lastSequence(), Date.now() + 1_000);
    await tell(flow(at(2), '500'), marked(at(3), '10507'), marked(at(4), '10508'));
    await skipGaps(books.warehouse, books.feeds);
    expect(await days()).toMatchObject([
      { equity: '10000', pnl: '0', flows: '10000' },
      { equity: null, pnl: '0', flows: '500' },
      { equity: '10507', pnl: null, flows: '0' },
      { equity: '10508', pnl: '1', flows: '0' },
    ]);
  });

  it('gain nothing on the day that becomes the oldest kept, whatever was paid in on it', async () => {
    await tell(flow(at(0), '10000'), marked(at(0, 13), '10000'));
    await run();
    await tell(flow(at(5, 1), '500'), marked(at(5), '10500'), marked(at(6), '10500'));
    await run();
    const warehouse = { ...books.warehouse, now: () => at(26, 0) };
    await expireSegments(warehouse, { market: null, signals: null, trading: 21, audit: null, archive: null });
    expect(await days()).toMatchObject([
      { equity: '10500', pnl: null, flows: '500' },
      { equity: '10500', pnl: '0', flows: '0' },
    ]);
    expect((await missing()).map(missingLine)).toEqual([
      'MISSING in these figures: trading data from the beginning until 2026-11-07 00:00:00 UTC (deleted by retention).',
    ]);
  });
});
