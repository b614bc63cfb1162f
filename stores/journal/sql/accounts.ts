import type { Sql, Value } from './database.ts';

/**
 * Makes an account's row, which says at which venue it is, before anything of its ledger can be written: an account never changes its venue.
 * Whatever conflicts: two that open it at once meet in PostgreSQL in either of its two keys.
 */
export const openAccount = (account: string, venue: string): [sql: string, ...values: Value[]] => [
  'INSERT INTO ledgers (account, venue) VALUES (?, ?) ON CONFLICT DO NOTHING',
  account,
  venue,
];

/** In a statement the venue of the account that is the next value. */
export const VENUE_OF_ACCOUNT = '(SELECT venue FROM ledgers WHERE account = ?)';

export async function readVenue(sql: Sql, account: string): Promise<string | undefined> {
  const row = await sql.row('SELECT venue FROM ledgers WHERE account = ?', account);
  return row && String(row['venue']);
}
