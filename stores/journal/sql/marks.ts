import type { DecimalText, Money } from '../../../domain/money/money.ts';
import { decimal, max, text } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import { tradingDayStart } from '../../../domain/statistics/periods.ts';
import type { EquityMarks } from '../books/ledger.ts';
import type { Sql, Transaction } from './database.ts';

const DAY_MS = 86_400_000;

/** By so much the exchange's clock, after which a mark is dated, and the journal's may differ: a mark further ahead is of no time at all. */
const CLOCKS_DIFFER_MS = 60_000;

export async function readMarks(sql: Sql, account: string): Promise<EquityMarks | undefined> {
  const row = await sql.row('SELECT * FROM equity_marks WHERE account = ?', account);
  if (!row) return undefined;
  return {
    equity: tagged(String(row['equity'])),
    dayOpen: tagged(String(row['day_open'])),
    highWater: tagged(String(row['high_water'])),
    ...(row['guard_peak'] === null ? {} : { guardPeak: tagged<Money>(String(row['guard_peak'])) }),
    at: Number(row['marked_at']),
    ...(row['prices'] === null ? {} : { prices: JSON.parse(String(row['prices'])) as Record<string, DecimalText> }),
  };
}

async function write(transaction: Transaction, account: string, day: number, marks: EquityMarks): Promise<void> {
  await transaction.run(
    `INSERT INTO equity_marks (account, equity, day, day_open, high_water, guard_peak, marked_at, prices) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (account) DO UPDATE SET equity = excluded.equity, day = excluded.day, day_open = excluded.day_open,
       high_water = excluded.high_water, guard_peak = excluded.guard_peak, marked_at = excluded.marked_at,
       prices = excluded.prices`,
    account,
    marks.equity,
    day,
    marks.dayOpen,
    marks.highWater,
    marks.guardPeak ?? null,
    marks.at,
    marks.prices === undefined ? null : JSON.stringify(marks.prices),
  );
}

/** The first step of the drawdown guard counts from this equity on; everything else from where it did. */
export async function restGuard(transaction: Transaction, account: string, peak: Money): Promise<void> {
  await transaction.run('UPDATE equity_marks SET guard_peak = ? WHERE account = ?', peak, account);
}

/**
 * @param at when the equity was that: the exchange's time of its prices.
 * @param prices the middle of each market, by symbol; undefined where they are not known
 * @param resetHour hour, UTC, at which a new day of the daily loss limit begins.
 * @returns false where a mark of later prices stands already
 */
export async function markEquity(
  transaction: Transaction,
  {
    account,
    equity,
    at,
    prices,
    resetHour,
  }: { account: string; equity: Money; at: number; prices: EquityMarks['prices'] | undefined; resetHour: number },
): Promise<boolean> {
  const before = await readMarks(transaction, account);
  // One that a wrong clock wrote would stand, and the limits with it, until its date: it is replaced. What it says of day and peak was true.
  const isAhead = before !== undefined && before.at > transaction.now() + CLOCKS_DIFFER_MS;
  // A cycle that ended late must neither bring back a day that is over nor a peak that a resume has laid down.
  if (before && at < before.at && !isAhead) return false;
  const dayStart = tradingDayStart(at, resetHour);
  const sameDay = before !== undefined && before.at >= dayStart;
  const peakOf = (peak: Money): Money => text(max(decimal(peak), decimal(equity)));
  const highWater = before ? peakOf(before.highWater) : equity;
  const guardPeak = before?.guardPeak && peakOf(before.guardPeak);
  await write(transaction, account, Math.floor(dayStart / DAY_MS), {
    equity,
    dayOpen: sameDay ? before.dayOpen : equity,
    highWater,
    // At a new peak it is the same one again.
    ...(guardPeak === undefined || guardPeak === highWater ? {} : { guardPeak }),
    at,
    ...(prices === undefined ? {} : { prices }),
  });
  return true;
}

/** A deposit is no gain and a withdrawal no loss: the marks go along. */
export async function moveMarks(transaction: Transaction, account: string, value: DecimalText): Promise<void> {
  const before = await readMarks(transaction, account);
  if (!before) return;
  const moved = (amount: DecimalText): DecimalText => text(decimal(amount).plus(value));
  const { equity, dayOpen, highWater, guardPeak } = before;
  await transaction.run(
    'UPDATE equity_marks SET equity = ?, day_open = ?, high_water = ?, guard_peak = ? WHERE account = ?',
    moved(equity),
    moved(dayOpen),
    moved(highWater),
    guardPeak === undefined ? null : moved(guardPeak),
    account,
  );
}
