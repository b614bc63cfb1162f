import { type Decimal, decimal, min, text, ZERO } from '../../../domain/money.ts';
import type { Fill, OrderLeg } from '../../../domain/orders.ts';
import type { Position } from '../../../domain/portfolio.ts';
import { applyFill, baseOf, flatPosition, quoteOf } from '../../../domain/position.ts';
import { reservationAmount } from '../../../domain/reservation.ts';
import type { SqliteDatabase } from './database.ts';

/** The books of one account. Over all of them each asset adds up to zero, in every transaction. */
export type LedgerBookName = 'free' | 'reserved' | 'market' | 'fees' | 'deposits';

export interface Posting {
  book: LedgerBookName;
  asset: string;
  amount: Decimal;
}

/** Returns false, and books nothing, when the reference was booked before. */
export function post(
  database: SqliteDatabase,
  reference: string,
  kind: string,
  account: string,
  postings: Posting[],
): boolean {
  assertBalanced(reference, postings);
  const inserted = database.run(
    'INSERT INTO ledger_transactions (reference, kind, account, booked_at) VALUES (?, ?, ?, ?) ON CONFLICT (reference) DO NOTHING',
    reference,
    kind,
    account,
    database.now(),
  );
  if (inserted === 0) return false;
  const id = Number(database.row('SELECT last_insert_rowid() AS id')?.['id']);
  for (const { book, asset, amount } of postings) {
    if (amount.isZero()) continue;
    database.run(
      'INSERT INTO ledger_entries (transaction_id, account, book, asset, amount) VALUES (?, ?, ?, ?, ?)',
      id,
      account,
      book,
      asset,
      text(amount),
    );
    database.run(
      `INSERT INTO ledger_balances (account, book, asset, amount) VALUES (?, ?, ?, ?)
       ON CONFLICT (account, book, asset) DO UPDATE SET amount = excluded.amount`,
      account,
      book,
      asset,
      text(balanceOf(database, account, book, asset).plus(amount)),
    );
  }
  return true;
}

function assertBalanced(reference: string, postings: Posting[]): void {
  const totals = new Map<string, Decimal>();
  for (const { asset, amount } of postings) totals.set(asset, (totals.get(asset) ?? ZERO).plus(amount));
  for (const [asset, total] of totals) {
    if (!total.isZero()) throw new Error(`the postings of ${reference} leave ${text(total)} ${asset} over`);
  }
}

export function balanceOf(database: SqliteDatabase, account: string, book: LedgerBookName, asset: string): Decimal {
  const row = database.row(
    'SELECT amount FROM ledger_balances WHERE account = ? AND book = ? AND asset = ?',
    account,
    book,
    asset,
  );
  return row ? decimal(String(row['amount'])) : ZERO;
}

/** Moves a leg's capital from free to reserved. Throws when it is not there: reservations never exceed free cash. */
export function reserve(database: SqliteDatabase, leg: OrderLeg): void {
  const { account, legId } = leg;
  const [asset, amount] =
    leg.side === 'buy' ? [quoteOf(leg.symbol), reservationAmount(leg)] : [baseOf(leg.symbol), decimal(leg.quantity)];
  const free = balanceOf(database, account, 'free', asset);
  if (amount.greaterThan(free)) {
    throw new Error(`leg ${legId} needs ${text(amount)} ${asset}, free are ${text(free)}`);
  }
  post(database, `reserve/${legId}`, 'reservation', account, [
    { book: 'free', asset, amount: amount.negated() },
    { book: 'reserved', asset, amount },
  ]);
  database.run(
    'INSERT INTO reservations (leg_id, account, asset, remaining, open, leg, reserved_at) VALUES (?, ?, ?, ?, 1, ?, ?)',
    legId,
    account,
    asset,
    text(amount),
    JSON.stringify(leg),
    database.now(),
  );
}

/** Legs whose capital is reserved and that were not sent yet, with the time of their plan. */
export function readPlannedLegs(database: SqliteDatabase, account: string): { leg: OrderLeg; reservedAt: number }[] {
  return database
    .rows(
      `SELECT leg, reserved_at FROM reservations
       WHERE account = ? AND open = 1 AND NOT EXISTS (SELECT 1 FROM intents WHERE intents.leg_id = reservations.leg_id)`,
      account,
    )
    .map((row) => ({ leg: JSON.parse(String(row['leg'])) as OrderLeg, reservedAt: Number(row['reserved_at']) }));
}

export interface Reservation {
  asset: string;
  remaining: Decimal;
}

export function openReservation(database: SqliteDatabase, legId: string): Reservation | undefined {
  const row = database.row('SELECT asset, remaining FROM reservations WHERE leg_id = ? AND open = 1', legId);
  return row && { asset: String(row['asset']), remaining: decimal(String(row['remaining'])) };
}

/** Gives back what a leg has not used. */
export function release(database: SqliteDatabase, account: string, legId: string): void {
  const reservation = openReservation(database, legId);
  if (!reservation) return;
  post(database, `release/${legId}`, 'release', account, [
    { book: 'reserved', asset: reservation.asset, amount: reservation.remaining.negated() },
    { book: 'free', asset: reservation.asset, amount: reservation.remaining },
  ]);
  database.run("UPDATE reservations SET remaining = '0', open = 0 WHERE leg_id = ?", legId);
}

/** Books one fill, unless it was booked before under (venue, account, symbol, trade id). */
export function bookFill(
  database: SqliteDatabase,
  fill: Fill,
  legId: string,
  cycleId: string,
  correlationId: string,
): boolean {
  const inserted = database.run(
    `INSERT INTO fills (venue, account, symbol, trade_id, intent_id, cycle_id, side, price, quantity, fee, fee_asset, liquidity, filled_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    fill.venue,
    fill.account,
    fill.symbol,
    fill.tradeId,
    fill.intentId,
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

  const key = `${fill.venue}/${fill.account}/${fill.symbol}/${fill.tradeId}`;
  post(database, `fill/${key}`, 'fill', fill.account, fillPostings(database, fill, legId));
  writePosition(database, fill.account, applyFill(readPosition(database, fill.account, fill.symbol), fill));
  database.emit({ eventId: `fill/${key}`, kind: 'fill.booked', cycleId, correlationId, payload: fill });
  return true;
}

function fillPostings(database: SqliteDatabase, fill: Fill, legId: string): Posting[] {
  const base = baseOf(fill.symbol);
  const quote = quoteOf(fill.symbol);
  const quantity = decimal(fill.quantity);
  const value = quantity.times(fill.price);
  const [paid, paidAmount, received, receivedAmount] =
    fill.side === 'buy' ? [quote, value, base, quantity] : [base, quantity, quote, value];
  return [
    ...outflow(database, legId, paid, paidAmount),
    { book: 'market', asset: paid, amount: paidAmount },
    { book: 'market', asset: received, amount: receivedAmount.negated() },
    { book: 'free', asset: received, amount: receivedAmount },
    // A fee in the received asset comes out of what was just received, any other out of what is held.
    { book: 'free', asset: fill.feeAsset, amount: decimal(fill.fee).negated() },
    { book: 'fees', asset: fill.feeAsset, amount: decimal(fill.fee) },
  ];
}

/** Takes what was paid from the leg's reservation first, and the rest, of a fill that came after the release, from free. */
function outflow(database: SqliteDatabase, legId: string, asset: string, amount: Decimal): Posting[] {
  const reservation = openReservation(database, legId);
  const held = reservation?.asset === asset ? min(amount, reservation.remaining) : ZERO;
  if (reservation && !held.isZero()) {
    database.run(
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

export function readPosition(database: SqliteDatabase, account: string, symbol: string): Position {
  const row = database.row('SELECT * FROM positions WHERE account = ? AND symbol = ?', account, symbol);
  if (!row) return flatPosition(symbol);
  return {
    symbol,
    quantity: String(row['quantity']),
    averageCost: String(row['average_cost']),
    realizedPnl: String(row['realized_pnl']),
  };
}

function writePosition(database: SqliteDatabase, account: string, position: Position): void {
  database.run(
    `INSERT INTO positions (account, symbol, quantity, average_cost, realized_pnl) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (account, symbol) DO UPDATE SET quantity = excluded.quantity, average_cost = excluded.average_cost,
       realized_pnl = excluded.realized_pnl`,
    account,
    position.symbol,
    position.quantity,
    position.averageCost,
    position.realizedPnl,
  );
}
