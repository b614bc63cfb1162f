import { type Decimal, decimal, sum, text, ZERO } from '../../../domain/money/money.ts';
import type { Sql, Transaction } from './database.ts';
import { readPositions } from './positions.ts';
import { amountsOf, balanceOf } from './postings.ts';

const MONEY_DECIMALS = 8;

/** Worth of what was paid in less what was taken out, each at its time, in the account's currency. */
export async function readPaidIn(sql: Sql, account: string, currency: string): Promise<Decimal> {
  const row = await sql.row('SELECT worth FROM paid_in WHERE account = ?', account);
  if (row) return decimal(String(row['worth']));
  // An earlier release kept the amounts alone. Where there was ever more than the currency, its worth stands in what the positions cost and realised.
  const deposits = await amountsOf(sql, account, 'deposits');
  const inCurrency = deposits.find(([asset]) => asset === currency)?.[1] ?? ZERO;
  if (deposits.every(([asset]) => asset === currency)) return inCurrency.negated();
  const cash = await Promise.all(
    (['free', 'reserved', 'dust'] as const).map((book) => balanceOf(sql, account, book, currency)),
  );
  const positions = await readPositions(sql, account);
  const spent = positions.map(({ quantity, averageCost, dustCost, realizedPnl }) =>
    decimal(quantity).times(averageCost).plus(dustCost).minus(realizedPnl),
  );
  return sum([...cash, ...spent]).toDecimalPlaces(MONEY_DECIMALS);
}

/** Before what moves is posted. */
export async function movePaidIn(
  transaction: Transaction,
  account: string,
  currency: string,
  value: Decimal,
): Promise<void> {
  const worth = (await readPaidIn(transaction, account, currency)).plus(value);
  await transaction.run(
    'INSERT INTO paid_in (account, worth) VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET worth = excluded.worth',
    account,
    text(worth),
  );
}
