import { type Decimal, decimal, text, ZERO } from '../../../domain/money/money.ts';
import type { LegId } from '../../../domain/orders/ids.ts';
import type { OrderLeg } from '../../../domain/orders/orders.ts';
import { baseOf, quoteOf } from '../../../domain/portfolio/position.ts';
import { reservationAmount } from '../../../domain/portfolio/reservation.ts';
import { VENUE_OF_ACCOUNT } from './accounts.ts';
import type { Sql, Transaction } from './database.ts';
import { OPEN_STATES } from './open-states.ts';

/** The books of one account. Over all of them each asset adds up to zero, in every transaction. */
export type LedgerBookName = 'free' | 'reserved' | 'market' | 'fees' | 'deposits' | 'dust';

export interface Posting {
  book: LedgerBookName;
  asset: string;
  amount: Decimal;
}

/** @param reference what the postings are of; who calls makes sure that they are booked once. */
export async function post(
  transaction: Transaction,
  reference: string,
  kind: string,
  account: string,
  postings: Posting[],
): Promise<void> {
  assertBalanced(reference, postings);
  for (const { book, asset, amount } of postings) {
    if (amount.isZero()) continue;
    await transaction.run(
      'INSERT INTO ledger_entries (reference, kind, account, book, asset, amount, booked_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      reference,
      kind,
      account,
      book,
      asset,
      text(amount),
      transaction.now(),
    );
    await transaction.run(
      `INSERT INTO ledger_balances (account, venue, book, asset, amount) VALUES (?, ${VENUE_OF_ACCOUNT}, ?, ?, ?)
       ON CONFLICT (account, book, asset, venue) DO UPDATE SET amount = excluded.amount`,
      account,
      account,
      book,
      asset,
      text((await balanceOf(transaction, account, book, asset)).plus(amount)),
    );
  }
}

function assertBalanced(reference: string, postings: Posting[]): void {
  const totals = new Map<string, Decimal>();
  for (const { asset, amount } of postings) totals.set(asset, (totals.get(asset) ?? ZERO).plus(amount));
  for (const [asset, total] of totals) {
    if (!total.isZero()) throw new Error(`the postings of ${reference} leave ${text(total)} ${asset} over`);
  }
}

export async function balanceOf(sql: Sql, account: string, book: LedgerBookName, asset: string): Promise<Decimal> {
  const row = await sql.row(
    'SELECT amount FROM ledger_balances WHERE account = ? AND book = ? AND asset = ?',
    account,
    book,
    asset,
  );
  return row ? decimal(String(row['amount'])) : ZERO;
}

/** What stands in one of an account's books, by asset. */
export async function amountsOf(
  sql: Sql,
  account: string,
  book: LedgerBookName,
): Promise<[asset: string, amount: Decimal][]> {
  const rows = await sql.rows(
    'SELECT asset, amount FROM ledger_balances WHERE account = ? AND book = ? ORDER BY asset',
    account,
    book,
  );
  return rows.map((row) => [String(row['asset']), decimal(String(row['amount']))]);
}

/** Moves a leg's capital from free to reserved. Throws when it is not there: reservations never exceed free cash. */
export async function reserve(transaction: Transaction, leg: OrderLeg): Promise<void> {
  const { account, legId } = leg;
  const [asset, amount] =
    leg.side === 'buy' ? [quoteOf(leg.symbol), reservationAmount(leg)] : [baseOf(leg.symbol), decimal(leg.quantity)];
  const free = await balanceOf(transaction, account, 'free', asset);
  if (amount.greaterThan(free)) {
    throw new Error(`leg ${legId} needs ${text(amount)} ${asset}, free are ${text(free)}`);
  }
  await post(transaction, `reserve/${legId}`, 'reservation', account, [
    { book: 'free', asset, amount: amount.negated() },
    { book: 'reserved', asset, amount },
  ]);
  await transaction.run(
    `INSERT INTO reservations (leg_id, account, venue, asset, remaining, open, leg, reserved_at)
     VALUES (?, ?, ${VENUE_OF_ACCOUNT}, ?, ?, 1, ?, ?)`,
    legId,
    account,
    account,
    asset,
    text(amount),
    JSON.stringify(leg),
    transaction.now(),
  );
}

export async function findReservedLeg(sql: Sql, legId: LegId): Promise<OrderLeg | undefined> {
  const row = await sql.row('SELECT leg FROM reservations WHERE leg_id = ?', legId);
  return row && (JSON.parse(String(row['leg'])) as OrderLeg);
}

/** The legs that have an asset reserved, the oldest first. */
export async function readReservingLegs(sql: Sql, account: string, asset: string): Promise<OrderLeg[]> {
  const rows = await sql.rows(
    'SELECT leg FROM reservations WHERE account = ? AND open = 1 AND asset = ? ORDER BY reserved_at, leg_id',
    account,
    asset,
  );
  return rows.map((row) => JSON.parse(String(row['leg'])) as OrderLeg);
}

/** A leg whose capital is reserved and of which nothing is open at the exchange: before its first submission, or between two of them. */
export interface WaitingLeg {
  leg: OrderLeg;
  reservedAt: number;
  /** Since it was reserved, or its newest submission came to its end. */
  waitsSince: number;
  /** What was filled of each of its submissions so far; empty before the first. */
  filled: string[];
}

export async function readWaitingLegs(sql: Sql, account: string): Promise<WaitingLeg[]> {
  const rows = await sql.rows(
    `SELECT leg_id, leg, reserved_at FROM reservations
     WHERE account = ? AND open = 1 AND NOT EXISTS (
       SELECT 1 FROM intents WHERE intents.leg_id = reservations.leg_id AND intents.state IN ${OPEN_STATES})
     ORDER BY reserved_at, leg_id`,
    account,
  );
  const legs: WaitingLeg[] = [];
  for (const row of rows) {
    const sent = await sql.rows(
      'SELECT filled_quantity, updated_at FROM intents WHERE leg_id = ?',
      String(row['leg_id']),
    );
    const reservedAt = Number(row['reserved_at']);
    legs.push({
      leg: JSON.parse(String(row['leg'])) as OrderLeg,
      reservedAt,
      waitsSince: Math.max(reservedAt, ...sent.map((intent) => Number(intent['updated_at']))),
      filled: sent.map((intent) => String(intent['filled_quantity'])),
    });
  }
  return legs;
}

export interface Reservation {
  asset: string;
  remaining: Decimal;
}

export async function openReservation(sql: Sql, legId: LegId): Promise<Reservation | undefined> {
  const row = await sql.row('SELECT asset, remaining FROM reservations WHERE leg_id = ? AND open = 1', legId);
  return row && { asset: String(row['asset']), remaining: decimal(String(row['remaining'])) };
}

/** Gives back what a leg has not used. */
export async function release(transaction: Transaction, account: string, legId: LegId): Promise<void> {
  const reservation = await openReservation(transaction, legId);
  if (!reservation) return;
  await post(transaction, `release/${legId}`, 'release', account, [
    { book: 'reserved', asset: reservation.asset, amount: reservation.remaining.negated() },
    { book: 'free', asset: reservation.asset, amount: reservation.remaining },
  ]);
  await transaction.run("UPDATE reservations SET remaining = '0', open = 0 WHERE leg_id = ?", legId);
}
