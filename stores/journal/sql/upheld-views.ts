import type { PlanningView } from '../books/cycles.ts';
import type { Sql, Transaction } from './database.ts';

export async function readUpheld(sql: Sql, account: string): Promise<PlanningView['upheld']> {
  const rows = await sql.rows('SELECT symbol, upheld_at FROM upheld_views WHERE account = ? ORDER BY symbol', account);
  return rows.map((row) => ({ symbol: String(row['symbol']), at: Number(row['upheld_at']) }));
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
