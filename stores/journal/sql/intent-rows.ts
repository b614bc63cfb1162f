import { intentId as intentIdOf } from '../../../contracts/workflow-ids.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { IntentId, LegId } from '../../../domain/orders/ids.ts';
import type { OrderLeg, OrderState, OrderType } from '../../../domain/orders/orders.ts';
import type { SubmissionTerms } from '../../../domain/orders/submissions.ts';
import type { Intent } from '../books/intents.ts';
import { VENUE_OF_ACCOUNT } from './accounts.ts';
import type { Row, Sql, Transaction } from './database.ts';
import { OPEN_STATES } from './open-states.ts';

export function toIntent(row: Row): Intent {
  const leg = JSON.parse(String(row['leg'])) as OrderLeg;
  return {
    ...leg,
    intentId: tagged(String(row['intent_id'])),
    submission: Number(row['submission']),
    type: String(row['order_type']) as OrderType,
    quantity: tagged(String(row['quantity'])),
    limitPrice: tagged(String(row['limit_price'])),
    timeInForce: String(row['time_in_force']) as OrderLeg['timeInForce'],
    restMs: Number(row['rest_ms']),
    state: String(row['state']) as OrderState,
    sendBy: Number(row['send_by']),
    venueOrderId: row['venue_order_id'] === null ? undefined : tagged(String(row['venue_order_id'])),
    filledQuantity: tagged(String(row['filled_quantity'])),
    detail: String(row['detail']),
    createdAt: Number(row['created_at']),
    updatedAt: Number(row['updated_at']),
  };
}

export async function readOpenIntents(sql: Sql, account: string): Promise<Intent[]> {
  const rows = await sql.rows(
    `SELECT * FROM intents WHERE account = ? AND state IN ${OPEN_STATES} ORDER BY created_at, intent_id`,
    account,
  );
  return rows.map(toIntent);
}

export async function findIntent(sql: Sql, intentId: IntentId): Promise<Intent | undefined> {
  const row = await sql.row('SELECT * FROM intents WHERE intent_id = ?', intentId);
  return row && toIntent(row);
}

export async function intentsOfLeg(sql: Sql, legId: LegId): Promise<Intent[]> {
  return (await sql.rows('SELECT * FROM intents WHERE leg_id = ? ORDER BY submission', legId)).map(toIntent);
}

export async function insertIntent(
  transaction: Transaction,
  leg: OrderLeg,
  terms: Omit<SubmissionTerms, 'stopPrice'>,
  state: OrderState,
  sendBy: number,
  detail: string,
): Promise<Intent> {
  const now = transaction.now();
  const intent: Intent = {
    ...leg,
    ...terms,
    intentId: intentIdOf(leg.legId, terms.submission),
    state,
    sendBy,
    venueOrderId: undefined,
    filledQuantity: tagged('0'),
    detail,
    createdAt: now,
    updatedAt: now,
  };
  await transaction.run(
    `INSERT INTO intents (intent_id, leg_id, submission, leg, cycle_id, account, venue, symbol, side, purpose, order_type, quantity, limit_price,
       time_in_force, rest_ms, epoch, state, send_by, venue_order_id, filled_quantity, detail, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ${VENUE_OF_ACCOUNT}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '0', ?, ?, ?)`,
    intent.intentId,
    leg.legId,
    terms.submission,
    JSON.stringify(leg),
    leg.cycleId,
    leg.account,
    leg.account,
    leg.symbol,
    leg.side,
    leg.purpose,
    terms.type,
    terms.quantity,
    terms.limitPrice,
    terms.timeInForce,
    terms.restMs,
    leg.epoch,
    state,
    sendBy,
    detail,
    now,
    now,
  );
  await emitState(transaction, intent);
  return intent;
}

export function emitState(transaction: Transaction, intent: Intent): Promise<void> {
  return transaction.emit({
    eventId: `intent/${intent.intentId}/${intent.state}/${intent.filledQuantity}`,
    kind: `order.${intent.state}`,
    cycleId: intent.cycleId,
    correlationId: intent.correlationId,
    payload: intent,
  });
}
