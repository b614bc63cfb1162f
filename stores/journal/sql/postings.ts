import { type Decimal, decimal, min, text, ZERO } from '../../../domain/money/money.ts';
import type { Fill, OrderLeg } from '../../../domain/orders/orders.ts';
import { baseOf, quoteOf } from '../../../domain/portfolio/position.ts';
import { reservationAmount } from '../../../domain/portfolio/reservation.ts';
import type { BookedFill } from '../port.ts';
import { readVenue, VENUE_OF_ACCOUNT } from './accounts.ts';
import type { Sql, Transaction } from './database.ts';
import { OPEN_STATES } from './open-states.ts';
import { bookOnPosition } from './positions.ts';
import { countTrade } from './trading-day.ts';

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

export async function findReservedLeg(sql: Sql, legId: string): Promise<OrderLeg | undefined> {
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

export async function openReservation(sql: Sql, legId: string): Promise<Reservation | undefined> {
  const row = await sql.row('SELECT asset, remaining FROM reservations WHERE leg_id = ? AND open = 1', legId);
  return row && { asset: String(row['asset']), remaining: decimal(String(row['remaining'])) };
}

/** Gives back what a leg has not used. */
export async function release(transaction: Transaction, account: string, legId: string): Promise<void> {
  const reservation = await openReservation(transaction, legId);
  if (!reservation) return;
  await post(transaction, `release/${legId}`, 'release', account, [
    { book: 'reserved', asset: reservation.asset, amount: reservation.remaining.negated() },
    { book: 'free', asset: reservation.asset, amount: reservation.remaining },
  ]);
  await transaction.run("UPDATE reservations SET remaining = '0', open = 0 WHERE leg_id = ?", legId);
}

/** What an order's fills belong to. */
export interface FillOwner {
  legId: string;
  cycleId: string;
  correlationId: string;
}

/** Books one fill, unless it was booked before under (venue, account, symbol, trade id, order). */
export async function bookFill(transaction: Transaction, fill: Fill, owner: FillOwner): Promise<boolean> {
  const { legId, cycleId, correlationId } = owner;
  const inserted = await transaction.run(
    `INSERT INTO fills (venue, account, symbol, trade_id, intent_id, leg_id, cycle_id, side, price, quantity, fee, fee_asset, liquidity,
       filled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    fill.venue,
    fill.account,
    fill.symbol,
    fill.tradeId,
    fill.intentId,
    legId,
    cycleId,
    fill.side,
    fill.price,
    fill.quantity,
    fill.fee,
    fill.feeAsset,
    fill.liquidity,
    fill.filledAt,
  );
  if (inserted === 0) return false;
  const venue = await readVenue(transaction, fill.account);
  if (fill.venue !== venue) throw new Error(`a fill at ${fill.venue} is none of ${fill.account}, which is at ${venue}`);

  await countTrade(transaction, fill);
  const key = `fill/${fill.venue}/${fill.account}/${fill.symbol}/${fill.tradeId}/${fill.intentId}`;
  const realizedPnl = await bookOnPosition(transaction, fill, legId);
  await post(transaction, key, 'fill', fill.account, await fillPostings(transaction, fill, legId));
  const payload: BookedFill = { ...fill, legId, realizedPnl };
  await transaction.emit({ eventId: key, kind: 'fill.booked', cycleId, correlationId, payload });
  return true;
}

async function fillPostings(transaction: Transaction, fill: Fill, legId: string): Promise<Posting[]> {
  const base = baseOf(fill.symbol);
  const quote = quoteOf(fill.symbol);
  const quantity = decimal(fill.quantity);
  const value = quantity.times(fill.price);
  const [paid, paidAmount, received, receivedAmount] =
    fill.side === 'buy' ? [quote, value, base, quantity] : [base, quantity, quote, value];
  return [
    ...(await outflow(transaction, legId, paid, paidAmount)),
    { book: 'market', asset: paid, amount: paidAmount },
    { book: 'market', asset: received, amount: receivedAmount.negated() },
    { book: 'free', asset: received, amount: receivedAmount },
    // A fee in the received asset comes out of what was just received, any other out of what is held.
    { book: 'free', asset: fill.feeAsset, amount: decimal(fill.fee).negated() },
    { book: 'fees', asset: fill.feeAsset, amount: decimal(fill.fee) },
  ];
}

/** Takes what was paid from the leg's reservation first, and the rest, of a fill that came after the release, from free. */
async function outflow(transaction: Transaction, legId: string, asset: string, amount: Decimal): Promise<Posting[]> {
  const reservation = await openReservation(transaction, legId);
  const held = reservation?.asset === asset ? min(amount, reservation.remaining) : ZERO;
  if (reservation && !held.isZero()) {
    await transaction.run(
      'UPDATE reservations SET remaining = ? WHERE leg_id = ?',
      text(reservation.remaining.minus(held)),
      legId,
    );
  }
  return [
    { book: 'reserved', asset, amount: held.negated() },
    { book: 'free', asset, amount: held.minus(amount) },
  ];
}
