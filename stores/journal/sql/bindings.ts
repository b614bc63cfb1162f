import type { Binding } from '../../../contracts/binding.ts';
import type { BindingBook } from '../books/bindings.ts';
import type { Database, Row, Sql } from './database.ts';

function toBinding(row: Row): Binding {
  return {
    account: String(row['account']),
    venue: String(row['venue']),
    market: String(row['market']),
    fingerprint: String(row['fingerprint']),
    boundAt: Number(row['bound_at']),
  };
}

async function read(sql: Sql, account: string): Promise<Binding | undefined> {
  const row = await sql.row('SELECT * FROM bindings WHERE account = ?', account);
  return row && toBinding(row);
}

async function readOwner(sql: Sql, fingerprint: string): Promise<Binding | undefined> {
  const row = await sql.row('SELECT * FROM bindings WHERE fingerprint = ?', fingerprint);
  return row && toBinding(row);
}

export function createBindingBook(database: Database): BindingBook {
  return {
    read: (account) => read(database, account),
    bind: ({ account, identity, by, via }) =>
      database.transaction(account, {}, async (transaction) => {
        const { venue, market, fingerprint } = identity;
        const mine = { account, venue, market, fingerprint, boundAt: transaction.now() };
        // Of several that start at once the first one binds; the others wait for it here, and find what it wrote.
        const bound = await transaction.run(
          `INSERT INTO bindings (account, venue, market, fingerprint, bound_at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO NOTHING`,
          account,
          venue,
          market,
          fingerprint,
          mine.boundAt,
        );
        const binding = (await read(transaction, account)) ?? (await readOwner(transaction, fingerprint));
        if (!binding) throw new Error(`the binding of ${account} is gone in the transaction that made it`);
        if (bound > 0) {
          await transaction.emit({
            eventId: `bound/${account}`,
            kind: 'books.bound',
            payload: { ...mine, by, via, reason: 'the first start on these books that asked' },
          });
        }
        return { binding, isNew: bound > 0 };
      }),
  };
}
