import { expect, it } from 'vitest';
import type { AuditBook } from '../../stores/journal/books/audit.ts';
import type { Outbox, StoredEvent } from '../../stores/journal/books/outbox.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';

/** Events of these lengths, and how many were asked for each time. */
function told(lengths: readonly number[]): { outbox: Outbox; asked: number[] } {
  const asked: number[] = [];
  const events = lengths.map(
    (length, index): StoredEvent => ({
      sequence: index + 1,
      eventId: `e${index}`,
      kind: 'test.told',
      at: index,
      mode: 'paper',
      cycleId: undefined,
      correlationId: undefined,
      payload: `{"x":"${'a'.repeat(length)}"}`,
    }),
  );
  const stored = async (sequence: number, limit: number): Promise<StoredEvent[]> => {
    asked.push(limit);
    return events.slice(sequence, sequence + limit);
  };
  return { outbox: { stored } as Outbox, asked };
}

/** What a reader gets, part by part: how many events, and how many characters of them. */
async function parts({ outbox }: { outbox: Outbox }): Promise<[events: number, text: number][]> {
  const [feed] = feedsOf({ outbox, audit: {} as AuditBook }, {} as Outbox);
  const found: [number, number][] = [];
  for (let [after, isLast] = [0, false]; !isLast; ) {
    const part = await feed?.read(after);
    if (!part) break;
    const rows = part.batch.rows.events ?? [];
    expect(rows).toHaveLength(part.events);
    found.push([part.events, rows.reduce((total, { payload }) => total + String(payload).length, 0)]);
    ({ last: after, isLast } = part);
  }
  return found;
}

it('small events are held many at a time, and not asked for one by one', async () => {
  const source = told(Array.from({ length: 45_000 }, () => 20));
  expect((await parts(source)).map(([events]) => events)).toEqual([20_000, 20_000, 5_000]);
  expect(source.asked.length).toBeLessThan(100);
});

it.each<[string, number[]]>([
  ['alike', Array.from({ length: 300 }, () => 250_000)],
  ['after many small ones', Array.from({ length: 2_300 }, (_, index) => (index < 2_000 ? 20 : 250_000))],
  ['between small ones', Array.from({ length: 2_400 }, (_, index) => (index % 8 === 0 ? 250_000 : 20))],
])('wide events %s are held by their size, and none is left out', async (_how, lengths) => {
  const found = await parts(told(lengths));
  expect(found.reduce((total, [events]) => total + events, 0)).toBe(lengths.length);
  expect(Math.max(...found.map(([, text]) => text))).toBeLessThan(24 * 1024 * 1024);
  expect(found.length).toBeLessThan(12);
});

it('one that is wider than all that is held at once goes by itself', async () => {
  expect((await parts(told([30_000_000, 30_000_000, 5]))).map(([events]) => events)).toEqual([1, 1, 1]);
});
