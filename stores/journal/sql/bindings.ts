import type { Binding } from '../../../contracts/binding.ts';
import type { BindingBook } from '../books/bindings.ts';
import type { ControlState } from '../books/control.ts';
import { raiseNewLife } from './control.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';
import { readOpenIntents } from './intent-rows.ts';
import { applyReport, voidIfMissing } from './intents.ts';
import { readWaitingLegs } from './postings.ts';

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

/** Nobody can be asked for it any more. */
const GONE = 'its account is gone: the books have left it';

/**
 * What is known by words of the account that is left must not be taken for something of the next one: there the numbers of orders and trades may begin
 * anew. What was open is over, and its capital free.
 */
async function leave(
  transaction: Transaction,
  { boundAt, ...binding }: Binding,
  { reason, by, via }: Parameters<BindingBook['unbind']>[0],
): Promise<{ market: string; control: ControlState }> {
  const { account, market } = binding;
  const open = await readOpenIntents(transaction, account);
  for (const { intentId } of open)
    await applyReport(transaction, { intentId, state: 'canceled', detail: GONE, fills: [] });
  for (const { leg, filled } of await readWaitingLegs(transaction, account))
    await voidIfMissing(transaction, leg, filled.length + 1);
  await transaction.run(
    `UPDATE intents SET venue_order_id = venue_order_id || ' at ' || ?
     WHERE account = ? AND venue_order_id IS NOT NULL AND venue_order_id NOT LIKE '% at %'`,
    market,
    account,
  );
  for (const table of ['trade_cursors', 'reconciliations', 'bindings'])
    await transaction.run(`DELETE FROM ${table} WHERE account = ?`, account);
  const at = transaction.now();
  const ended = open.map(({ intentId }) => intentId);
  const left = { ...binding, boundAt, ended, reason, by, via };
  await transaction.emit({ eventId: `unbound/${account}/${at}`, kind: 'books.unbound', payload: left });
  const halt = { requestId: `unbound/${account}/${at}`, account, by, via, reason: `left ${market}: ${reason}` };
  return { market, control: await raiseNewLife(transaction, halt, 'trading.halted') };
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
            eventId: `bound/${account}/${mine.boundAt}`,
            kind: 'books.bound',
            payload: { ...mine, by, via, reason: 'the first start on these books that asked' },
          });
        }
        return { binding, isNew: bound > 0 };
      }),
    unbind: (request) =>
      database.transaction(request.account, { control: 'write', ledger: true }, async (transaction) => {
        const binding = await read(transaction, request.account);
        return binding && leave(transaction, binding, request);
      }),
  };
}
