import { decimal, type Money, sum, text } from '../../../domain/money/money.ts';
import type { Fill } from '../../../domain/orders/orders.ts';
import { tradingOf } from '../../../domain/portfolio/overtrading.ts';
import type { LastSale, TradingDay } from '../../../domain/portfolio/portfolio.ts';
import { tradingDayStart } from '../../../domain/statistics/periods.ts';
import type { Sql, Transaction } from './database.ts';
import { readMarks } from './marks.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Adds a fill, which was not booked before, to what was traded in its hour. */
export async function countTrade(transaction: Transaction, fill: Fill): Promise<void> {
  const { account, filledAt } = fill;
  const hour = Math.floor(filledAt / HOUR_MS) * HOUR_MS;
  const { turnover, fees } = tradingOf(fill);
  const so = await transaction.row('SELECT * FROM traded_hours WHERE account = ? AND hour = ?', account, hour);
  await transaction.run(
    `INSERT INTO traded_hours (account, hour, turnover, fees) VALUES (?, ?, ?, ?)
     ON CONFLICT (account, hour) DO UPDATE SET turnover = excluded.turnover, fees = excluded.fees`,
    account,
    hour,
    text(turnover.plus(String(so?.['turnover'] ?? '0'))),
    text(fees.plus(String(so?.['fees'] ?? '0'))),
  );
}

/**
 * Until the day's first mark the newest one before it is the equity that the day opened with.
 * @param now by the exchange's clock, which dates the trades.
 */
export async function readTradingDay(sql: Sql, account: string, resetHour: number, now: number): Promise<TradingDay> {
  const dayStart = tradingDayStart(now, resetHour);
  const marks = await readMarks(sql, account);
  const hours = await sql.rows(
    'SELECT turnover, fees FROM traded_hours WHERE account = ? AND hour >= ? AND hour < ?',
    account,
    dayStart,
    dayStart + DAY_MS,
  );
  const total = (column: string): Money => text(sum(hours.map((row) => decimal(String(row[column])))));
  return {
    opening: marks && (marks.at >= dayStart ? marks.dayOpen : marks.equity),
    turnover: total('turnover'),
    fees: total('fees'),
  };
}

/** The newest sale of each symbol that was sold within so long of `now`, by the exchange's clock. */
export async function readLastSales(sql: Sql, account: string, withinMs: number, now: number): Promise<LastSale[]> {
  const rows = await sql.rows(
    'SELECT symbol, max(closed_at) AS at FROM closed_trades WHERE account = ? AND closed_at > ? AND closed_at < ? GROUP BY symbol ORDER BY symbol',
    account,
    now - withinMs,
    // One that a wrong clock dated further ahead must not hide the one before it.
    now + withinMs,
  );
  return rows.map((row) => ({ symbol: String(row['symbol']), at: Number(row['at']) }));
}

const MINUTE_MS = 60_000;

/** Orders that were sent within the minute before `at`, the end of the time in which one may be sent, UTC epoch milliseconds. */
export async function readSentOfMinute(sql: Sql, account: string, at: number): Promise<number> {
  const row = await sql.row(
    "SELECT count(*) AS n FROM intents WHERE account = ? AND send_by > ? AND send_by < ? AND state NOT IN ('denied', 'void')",
    account,
    // Those further ahead were sent under a clock that has been set right since.
    at - MINUTE_MS,
    at + MINUTE_MS,
  );
  return Number(row?.['n']);
}
