import { intentId as intentIdOf } from '../../../contracts/workflow-ids.ts';
import { decimal, sum, text } from '../../../domain/money.ts';
import {
  canMove,
  isReducing,
  isTerminal,
  type OrderLeg,
  type OrderPurpose,
  type OrderSide,
  type OrderState,
} from '../../../domain/orders.ts';
import type { FenceLimits, Intent, IntentBook } from '../port.ts';
import { readControl } from './control.ts';
import type { Row, SqliteDatabase } from './database.ts';
import { bookFill, openReservation, readPosition, release } from './postings.ts';

const MINUTE_MS = 60_000;
const OPEN_STATES = "('sending', 'unresolved', 'accepted', 'partially_filled', 'pending_cancel')";

function toIntent(row: Row): Intent {
  return {
    intentId: String(row['intent_id']),
    legId: String(row['leg_id']),
    submission: Number(row['submission']),
    cycleId: String(row['cycle_id']),
    correlationId: String(row['correlation_id']),
    account: String(row['account']),
    symbol: String(row['symbol']),
    side: String(row['side']) as OrderSide,
    purpose: String(row['purpose']) as OrderPurpose,
    quantity: String(row['quantity']),
    limitPrice: String(row['limit_price']),
    timeInForce: row['time_in_force'] === 'GTC' ? 'GTC' : 'IOC',
    restMs: Number(row['rest_ms']),
    epoch: Number(row['epoch']),
    state: String(row['state']) as OrderState,
    sendBy: Number(row['send_by']),
    venueOrderId: row['venue_order_id'] === null ? undefined : String(row['venue_order_id']),
    filledQuantity: String(row['filled_quantity']),
    detail: String(row['detail']),
    createdAt: Number(row['created_at']),
    updatedAt: Number(row['updated_at']),
  };
}

export function readOpenIntents(database: SqliteDatabase, account: string): Intent[] {
  return database
    .rows(`SELECT * FROM intents WHERE account = ? AND state IN ${OPEN_STATES} ORDER BY created_at`, account)
    .map(toIntent);
}

function findIntent(database: SqliteDatabase, intentId: string): Intent | undefined {
  const row = database.row('SELECT * FROM intents WHERE intent_id = ?', intentId);
  return row && toIntent(row);
}

function insertIntent(
  database: SqliteDatabase,
  leg: OrderLeg,
  submission: number,
  state: OrderState,
  sendBy: number,
  detail: string,
): Intent {
  const now = database.now();
  const intentId = intentIdOf(leg.legId, submission);
  database.run(
    `INSERT INTO intents (intent_id, leg_id, submission, cycle_id, correlation_id, account, symbol, side, purpose, quantity, limit_price,
       time_in_force, rest_ms, epoch, state, send_by, venue_order_id, filled_quantity, detail, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '0', ?, ?, ?)`,
    intentId,
    leg.legId,
    submission,
    leg.cycleId,
    leg.correlationId,
    leg.account,
    leg.symbol,
    leg.side,
    leg.purpose,
    leg.quantity,
    leg.limitPrice,
    leg.timeInForce,
    leg.restMs,
    leg.epoch,
    state,
    sendBy,
    detail,
    now,
    now,
  );
  const intent: Intent = {
    ...leg,
    intentId,
    submission,
    state,
    sendBy,
    venueOrderId: undefined,
    filledQuantity: '0',
    detail,
    createdAt: now,
    updatedAt: now,
  };
  emitState(database, intent);
  return intent;
}

function emitState(database: SqliteDatabase, intent: Intent): void {
  database.emit({
    eventId: `intent/${intent.intentId}/${intent.state}/${intent.filledQuantity}`,
    kind: `order.${intent.state}`,
    cycleId: intent.cycleId,
    correlationId: intent.correlationId,
    payload: intent,
  });
}

interface Refusal {
  code: string;
  limit: string;
  value: string;
}

function refusalOf(
  database: SqliteDatabase,
  leg: OrderLeg,
  submission: number,
  limits: FenceLimits,
): Refusal | undefined {
  const control = readControl(database, leg.account);
  if (leg.epoch !== control.epoch)
    return { code: 'StaleEpoch', limit: String(control.epoch), value: String(leg.epoch) };
  if (!isReducing(leg.purpose) && control.tradingState !== 'active') {
    return { code: 'TradingHalted', limit: 'active', value: control.tradingState };
  }

  const quantity = decimal(leg.quantity);
  const notional = quantity.times(leg.limitPrice);
  if (isReducing(leg.purpose)) {
    const held = readPosition(database, leg.account, leg.symbol).quantity;
    if (leg.side !== 'sell' || quantity.greaterThan(held))
      return { code: 'NotReducing', limit: held, value: leg.quantity };
  } else if (notional.greaterThan(limits.maxOrderNotional)) {
    return { code: 'OrderNotional', limit: limits.maxOrderNotional, value: text(notional) };
  }

  const recent = Number(
    database.row(
      "SELECT count(*) AS n FROM intents WHERE account = ? AND created_at > ? AND state NOT IN ('denied', 'void')",
      leg.account,
      database.now() - MINUTE_MS,
    )?.['n'],
  );
  if (!isReducing(leg.purpose) && recent >= limits.maxOrdersPerMinute) {
    return { code: 'OrderRate', limit: String(limits.maxOrdersPerMinute), value: String(recent + 1) };
  }

  const reservation = openReservation(database, leg.legId);
  const needed = leg.side === 'buy' ? notional : quantity;
  if (!reservation || reservation.remaining.lessThan(needed)) {
    return { code: 'NotReserved', limit: reservation ? text(reservation.remaining) : '0', value: text(needed) };
  }

  if (submission > 1) {
    const previous = findIntent(database, intentIdOf(leg.legId, submission - 1));
    if (!previous || !isTerminal(previous.state)) {
      return { code: 'PreviousSubmissionOpen', limit: 'terminal', value: previous?.state ?? 'missing' };
    }
  }
  return undefined;
}

/** Puts a tombstone where no row stands, so that an attempt which wakes late finds it and cannot pass. */
export function voidIfMissing(database: SqliteDatabase, leg: OrderLeg, submission: number): Intent {
  const existing = findIntent(database, intentIdOf(leg.legId, submission));
  if (existing) return existing;
  const intent = insertIntent(database, leg, submission, 'void', 0, 'settled as never sent');
  release(database, leg.account, leg.legId);
  return intent;
}

export function createIntentBook(database: SqliteDatabase): IntentBook {
  return {
    async openFence(leg, submission, sendBy, limits) {
      return database.transaction(() => {
        const existing = findIntent(database, intentIdOf(leg.legId, submission));
        if (existing) {
          return {
            passed: false as const,
            code: 'IntentExists',
            limit: 'none',
            value: existing.state,
            intent: existing,
          };
        }
        const refusal = refusalOf(database, leg, submission, limits);
        if (refusal) {
          const detail = `${refusal.code}: limit ${refusal.limit}, value ${refusal.value}`;
          const intent = insertIntent(database, leg, submission, 'denied', sendBy, detail);
          release(database, leg.account, leg.legId);
          return { passed: false as const, ...refusal, intent };
        }
        return { passed: true as const, intent: insertIntent(database, leg, submission, 'sending', sendBy, '') };
      });
    },

    async report(report) {
      return database.transaction(() => {
        const intent = findIntent(database, report.intentId);
        if (!intent) throw new Error(`no intent ${report.intentId} stands in the journal`);
        for (const fill of report.fills) bookFill(database, fill, intent.legId, intent.cycleId, intent.correlationId);

        const filled = sum(
          database
            .rows('SELECT quantity FROM fills WHERE intent_id = ?', intent.intentId)
            .map((row) => decimal(String(row['quantity']))),
        );
        // An order is not over in the books before all of its fills are in them.
        if (isTerminal(report.state) && report.filledQuantity !== undefined && filled.lessThan(report.filledQuantity)) {
          throw new Error(
            `${report.intentId} filled ${report.filledQuantity} at the exchange, booked are ${text(filled)}`,
          );
        }

        const moves = canMove(intent.state, report.state);
        const next: Intent = {
          ...intent,
          state: moves ? report.state : intent.state,
          venueOrderId: report.venueOrderId ?? intent.venueOrderId,
          filledQuantity: text(filled),
          detail: moves ? (report.detail ?? intent.detail) : intent.detail,
          updatedAt: database.now(),
        };
        database.run(
          'UPDATE intents SET state = ?, venue_order_id = ?, filled_quantity = ?, detail = ?, updated_at = ? WHERE intent_id = ?',
          next.state,
          next.venueOrderId ?? null,
          next.filledQuantity,
          next.detail,
          next.updatedAt,
          next.intentId,
        );
        if (isTerminal(next.state)) release(database, intent.account, intent.legId);
        emitState(database, next);
        return next;
      });
    },

    async voidIfMissing(leg, submission) {
      return database.transaction(() => voidIfMissing(database, leg, submission));
    },

    async find(intentId) {
      return findIntent(database, intentId);
    },

    async listOpen(account) {
      return readOpenIntents(database, account);
    },

    async list(account, limit) {
      return database
        .rows('SELECT * FROM intents WHERE account = ? ORDER BY created_at DESC LIMIT ?', account, limit)
        .map(toIntent);
    },
  };
}
