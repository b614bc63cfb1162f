import { describe, expect, it } from 'vitest';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

describe.each(adapterNames)('what is exported and old leaves the outbox of %s', (name) => {
  const books = new FreshBooks(name);
  const events = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({ eventId: `e${first + index}`, kind: 'told', payload: {} }));

  it('in several batches, and whatever a clock ahead has dated stays until it is old', async () => {
    const { outbox } = books.journal;
    const told = await outbox.lastSequence();
    books.now = 9_000_000;
    await outbox.append(events(0, 1));
    books.now = 2_000_000;
    await outbox.append(events(1, 11_000));
    books.now = 3_000_000;
    await outbox.append(events(20_000, 2));
    const last = await outbox.lastSequence();

    expect(await outbox.trim(last, 2_000_001)).toBe(told + 11_000);
    const left = async (): Promise<string[]> => (await outbox.after(0, 10)).map(({ eventId }) => eventId);
    expect(await left()).toEqual(['e0', 'e20000', 'e20001']);
    expect(await outbox.trimmedThrough()).toBe(last - 2);
    expect(await outbox.trim(last, 9_000_001)).toBe(3);
    expect(await left()).toEqual([]);
    expect(await outbox.lastSequence()).toBe(last);
  });

  it('and nothing that is not exported', async () => {
    const { outbox } = books.journal;
    await outbox.append(events(0, 3));
    const last = await outbox.lastSequence();
    await outbox.trim(last - 1, books.now + 1);
    expect((await outbox.after(0, 10)).map(({ eventId }) => eventId)).toEqual(['e2']);
  });
});
