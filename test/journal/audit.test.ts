import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Journal } from '../../stores/journal/port.ts';
import type { Database } from '../../stores/journal/sql/database.ts';
import { fund } from '../support/books.ts';
import { type Adapter, adapterNames, booksOver, opener, startAdapter } from './adapters.ts';

describe.each(adapterNames)('the audit trail in %s', (name) => {
  let adapter: Adapter;
  let database: Database;
  let journal: Journal;
  let address: string;

  beforeAll(async () => {
    adapter = await startAdapter(name);
    address = await adapter.place();
    database = await opener(name, address)();
    journal = await booksOver(database);
    await fund(journal);
    await journal.control.raiseHalt({ requestId: 'h', account: 'main', reason: 'too hot', by: 'a person' });
    await journal.control.resume({ account: 'main', expectedEpoch: 1, reason: 'cooler', by: 'another' });
  }, 60_000);
  afterAll(async () => {
    await journal?.close();
    await adapter?.stop();
  });

  it('has who changed what and why, each once, in the transaction that changed it', async () => {
    await journal.control.raiseHalt({ requestId: 'h', account: 'main', reason: 'again', by: 'a person' });
    const entries = await journal.audit.after(0, 100);
    expect(entries.map(({ place, kind, by, reason }) => [place, kind, by, reason])).toEqual([
      [1, 'risk.changed', 'configuration', expect.any(String)],
      [2, 'capital.deposited', 'sapphire', ''],
      [3, 'trading.halted', 'a person', 'too hot'],
      [4, 'trading.resumed', 'another', 'cooler'],
    ]);
    expect(await journal.audit.verify()).toEqual({ entries: 4, head: entries[3]?.hash, fault: undefined });
  });

  it('takes no change and no deletion', async () => {
    await expect(database.run("UPDATE audit_trail SET changed_by = 'nobody' WHERE place = 3")).rejects.toThrow(
      'append-only',
    );
    await expect(database.run('DELETE FROM audit_trail WHERE place = 4')).rejects.toThrow('append-only');
  });

  it('stays one chain when two processes write at once', async () => {
    const other = await booksOver(await opener(name, address)());
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? other : journal).control.raiseHalt({
          requestId: `many/${index}`,
          account: 'main',
          reason: String(index),
          by: 'a person',
        }),
      ),
    );
    await other.close();
    expect(await journal.audit.verify()).toMatchObject({ entries: 24, fault: undefined });
  });

  // Whoever owns the file can take the guards away: what is changed then is found.
  const guards =
    name === 'sqlite'
      ? ['DROP TRIGGER audit_trail_no_update', 'DROP TRIGGER audit_trail_no_delete']
      : ['DROP TRIGGER audit_trail_append_only ON audit_trail'];
  it.each([
    [
      'a word in an entry',
      "UPDATE audit_trail SET reason = 'cool' WHERE place = 3",
      /entry 3 \(trading.halted\) was changed/,
    ],
    [
      'another name for who did it',
      "UPDATE audit_trail SET changed_by = 'nobody' WHERE place = 4",
      /entry 4 .* was changed/,
    ],
    ['an entry taken out', 'DELETE FROM audit_trail WHERE place = 2', /entry 2 is missing/],
    [
      'an entry made anew with its own hash',
      "UPDATE audit_trail SET hash = substr(hash, 2) || 'g' WHERE place = 2",
      /entry 2 .* was changed/,
    ],
  ])('shows %s', async (_, forgery, fault) => {
    await expect(
      database.transaction('', {}, async (transaction) => {
        for (const guard of guards) await transaction.run(guard);
        await transaction.run(forgery);
        const { createAuditBook } = await import('../../stores/journal/sql/audit.ts');
        const found = await createAuditBook({ ...database, rows: transaction.rows, row: transaction.row }).verify();
        expect(found.fault).toMatch(fault);
        throw new Error('nothing of this stays');
      }),
    ).rejects.toThrow('nothing of this stays');
    expect((await journal.audit.verify()).fault).toBeUndefined();
  });
});
