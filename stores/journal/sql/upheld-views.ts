import type { PlanningView } from '../books/cycles.ts';
import type { Sql, Transaction } from './database.ts';

export async function readUpheld(sql: Sql, account: string): Promise<PlanningView['upheld']> {
  const rows = await sql.rows('SELECT symbol, upheld_at FROM upheld_views WHERE account = ? ORDER BY symbol', account);
  return rows.map((row) => ({ symbol: String(row['symbol']), at: Number(row['upheld_at']) }));
}

/**
 * The buy that begins a holding upholds its view as the cycles after it do. So a symbol that is not named here is one that nothing of ours ever
 * bought, and what is held of it was paid in.
 *
 * @param at by the exchange's clock
 */
export async function noteBought(transaction: Transaction, account: string, symbol: string, at: number): Promise<void> {
  await transaction.run(
    'INSERT INTO upheld_views (account, symbol, upheld_at) VALUES (?, ?, ?) ON CONFLICT (account, symbol) DO NOTHING',
    account,
    symbol,
    at,
  );
}

/** Symbols of which something is held, and of which no order ever bought and no cycle upheld any. */
export async function readNeverBought(sql: Sql, account: string): Promise<string[]> {
  const rows = await sql.rows(
    `SELECT symbol FROM positions WHERE account = ? AND quantity <> '0'
       AND symbol NOT IN (SELECT symbol FROM upheld_views WHERE account = ?) ORDER BY symbol`,
    account,
    account,
  );
  return rows.map((row) => String(row['symbol']));
}

/** @param now by the exchange's clock. */
export async function uphold(
  transaction: Transaction,
  account: string,
  symbols: readonly string[],
  now: number,
): Promise<void> {
  for (const symbol of symbols) {
    await transaction.run(
      `INSERT INTO upheld_views (account, symbol, upheld_at) VALUES (?, ?, ?)
       ON CONFLICT (account, symbol) DO UPDATE SET upheld_at = excluded.upheld_at`,
      account,
      symbol,
      now,
    );
  }
}
