import { refusalText } from '../../../contracts/refusals.ts';
import { intentId as intentIdOf } from '../../../contracts/workflow-ids.ts';
import { decimal, type Quantity, sum, text } from '../../../domain/money/money.ts';
import type { FencedOrder } from '../../../domain/orders/fenced-order.ts';
import type { IntentId, LegId } from '../../../domain/orders/ids.ts';
import { lifeOf } from '../../../domain/orders/lives.ts';
import { canMove, isReducing, isTerminal, type OrderLeg, type OrderState } from '../../../domain/orders/orders.ts';
import { nextSubmission } from '../../../domain/orders/submissions.ts';
import { baseOf } from '../../../domain/portfolio/position.ts';
import type { Intent, IntentBook, OrderReport } from '../books/intents.ts';
import { readControl } from './control.ts';
import type { Database, Sql, Transaction } from './database.ts';
import { refusalOf } from './fence.ts';
import { bookFill } from './fills.ts';
import { emitState, findIntent, insertIntent, intentsOfLeg, readOpenIntents, toIntent } from './intent-rows.ts';
import { readPosition } from './positions.ts';
import { balanceOf, findReservedLeg, readReservingLegs, readWaitingLegs, release, reserve } from './postings.ts';
import { recoverOrder } from './recovered.ts';

/** An exit's first order follows its reservation at once. */
const EXIT_SENT_WITHIN_MS = 30_000;

/** What an exit has reserved, and nobody sends, is sold by the next one: a tombstone keeps a late sender from it. */
async function freeLostExits(transaction: Transaction, account: string, symbol: string): Promise<void> {
  for (const { leg, reservedAt, filled } of await readWaitingLegs(transaction, account)) {
    const ageMs = transaction.now() - reservedAt;
    // One from the future was reserved before a clock was set back: no stop waits until that time has come again.
    const isLost = filled.length === 0 && (ageMs < 0 || ageMs >= EXIT_SENT_WITHIN_MS);
    if (isLost && leg.symbol === symbol && isReducing(leg.purpose)) await voidIfMissing(transaction, leg, 1);
  }
}

/** Puts a tombstone where no row stands, so that an attempt which wakes late finds it and cannot pass. */
export async function voidIfMissing(transaction: Transaction, leg: OrderLeg, submission: number): Promise<Intent> {
  const existing = await findIntent(transaction, intentIdOf(leg.legId, submission));
  if (existing) return existing;
  const { type, quantity, limitPrice, timeInForce, restMs } = leg;
  const terms = { submission, type, quantity, limitPrice, timeInForce, restMs };
  const intent = await insertIntent(transaction, leg, terms, 'void', 0, 'settled as never sent');
  await releaseIfOver(transaction, leg.legId);
  return intent;
}

/** A leg that sends nothing more gives back what it has not used. */
async function releaseIfOver(transaction: Transaction, legId: LegId): Promise<void> {
  const leg = await findReservedLeg(transaction, legId);
  if (!leg || nextSubmission(leg, await intentsOfLeg(transaction, legId))) return;
  await releaseIfIdle(transaction, leg.account, legId);
}

/** What an order that may still be filled could spend stays reserved: its end gives the rest back. */
export async function releaseIfIdle(transaction: Transaction, account: string, legId: LegId): Promise<void> {
  const past = await intentsOfLeg(transaction, legId);
  if (past.every(({ state }) => isTerminal(state))) await release(transaction, account, legId);
}

async function filledOf(sql: Sql, intentId: IntentId): Promise<Quantity> {
  const rows = await sql.rows('SELECT quantity FROM fills WHERE intent_id = ?', intentId);
  return text(sum(rows.map((row) => decimal(String(row['quantity'])))));
}

/** The fills have the last word, whoever brought them: what they fill is filled, and what has any was taken, and not rejected. */
function endWith(state: OrderState, filledQuantity: string, quantity: string): OrderState {
  const filled = decimal(filledQuantity);
  if (filled.greaterThanOrEqualTo(quantity)) return 'filled';
  return state === 'rejected' && !filled.isZero() ? 'canceled' : state;
}

/** Takes what is newly known of a submission into the books. */
export async function applyReport(transaction: Transaction, report: OrderReport): Promise<Intent> {
  const intent = await findIntent(transaction, report.intentId);
  if (!intent) throw new Error(`no intent ${report.intentId} stands in the journal`);
  for (const fill of report.fills) await bookFill(transaction, fill, intent);

  const filledQuantity = await filledOf(transaction, intent.intentId);
  // An order is not over in the books before all of its fills are in them.
  const claimed = report.state === 'filled' ? intent.quantity : (report.filledQuantity ?? '0');
  if (isTerminal(report.state) && decimal(filledQuantity).lessThan(claimed)) {
    throw new Error(`${report.intentId} filled ${claimed} at the exchange, booked are ${filledQuantity}`);
  }

  const reported = endWith(report.state, filledQuantity, intent.quantity);
  const moves = canMove(intent.state, reported);
  const next: Intent = {
    ...intent,
    state: moves ? reported : intent.state,
    sendBy: moves ? (report.sendBy ?? intent.sendBy) : intent.sendBy,
    venueOrderId: report.venueOrderId ?? intent.venueOrderId,
    filledQuantity,
    detail: moves ? (report.detail ?? intent.detail) : intent.detail,
    updatedAt: transaction.now(),
  };
  await transaction.run(
    'UPDATE intents SET state = ?, send_by = ?, venue_order_id = ?, filled_quantity = ?, detail = ?, updated_at = ? WHERE intent_id = ?',
    next.state,
    next.sendBy,
    next.venueOrderId ?? null,
    next.filledQuantity,
    next.detail,
    next.updatedAt,
    next.intentId,
  );
  if (isTerminal(next.state)) await releaseIfOver(transaction, intent.legId);
  await emitState(transaction, next);
  return next;
}

export function createIntentBook(database: Database): IntentBook {
  const inAccount = { control: 'read', ledger: true } as const;
  const accountOf = async (intentId: IntentId): Promise<string> => {
    const row = await database.row('SELECT account FROM intents WHERE intent_id = ?', intentId);
    if (!row) throw new Error(`no intent ${intentId} stands in the journal`);
    return String(row['account']);
  };
  return {
    openFence: (leg, terms, sending) =>
      database.transaction(leg.account, inAccount, async (transaction) => {
        const { sentAt, sendBy } = sending;
        const past = await intentsOfLeg(transaction, leg.legId);
        const existing = past.find(({ submission }) => submission === terms.submission);
        if (existing) {
          return {
            passed: false as const,
            code: 'IntentExists' as const,
            limit: 'none',
            value: existing.state,
            intent: existing,
          };
        }
        const control = await readControl(transaction, leg.account);
        const { mode } = database;
        const refusal = await refusalOf(transaction, { leg, terms, past, control, mode, sending });
        if (!refusal) {
          const intent = await insertIntent(transaction, leg, terms, 'submitted', sendBy, '');
          // The one place in which an order becomes one that a venue takes.
          return { passed: true as const, intent, order: { ...intent, sentAt } as unknown as FencedOrder };
        }
        const intent = await insertIntent(transaction, leg, terms, 'denied', sendBy, refusalText(refusal));
        await releaseIfOver(transaction, leg.legId);
        return { passed: false as const, ...refusal, intent };
      }),

    report: async (report) =>
      database.transaction(await accountOf(report.intentId), { ledger: true }, (transaction) =>
        applyReport(transaction, report),
      ),

    voidIfMissing: (leg, submission) =>
      database.transaction(leg.account, { ledger: true }, (transaction) => voidIfMissing(transaction, leg, submission)),

    recover: (order) =>
      database.transaction(order.account, { ledger: true }, (transaction) => recoverOrder(transaction, order)),

    endFormerLives: (account) =>
      database.transaction(account, inAccount, async (transaction) => {
        const life = lifeOf((await readControl(transaction, account)).epoch);
        const ended: IntentId[] = [];
        for (const { leg } of await readWaitingLegs(transaction, account)) {
          if (lifeOf(leg.epoch) === life) continue;
          const past = await intentsOfLeg(transaction, leg.legId);
          const last = Math.max(0, ...past.map(({ submission }) => submission));
          ended.push((await voidIfMissing(transaction, leg, last + 1)).intentId);
          // Also where these books do not know the first of them.
          await releaseIfIdle(transaction, account, leg.legId);
        }
        return ended;
      }),

    find: (intentId) => findIntent(database, intentId),

    async findByVenueOrder(account, symbol, venueOrderId) {
      const row = await database.row(
        'SELECT * FROM intents WHERE account = ? AND symbol = ? AND venue_order_id = ?',
        account,
        symbol,
        venueOrderId,
      );
      return row && toIntent(row);
    },

    ofLeg: (legId) => intentsOfLeg(database, legId),
    listOpen: (account) => readOpenIntents(database, account),

    async list(account, limit) {
      const rows = await database.rows(
        'SELECT * FROM intents WHERE account = ? ORDER BY created_at DESC, intent_id LIMIT ?',
        account,
        limit,
      );
      return rows.map(toIntent);
    },

    planExit: ({ legId, account, symbol }, decide) =>
      database.transaction(account, inAccount, async (transaction) => {
        const planned = await findReservedLeg(transaction, legId);
        if (planned) return planned;
        await freeLostExits(transaction, account, symbol);
        const leg = decide({
          position: await readPosition(transaction, account, symbol),
          free: text(await balanceOf(transaction, account, 'free', baseOf(symbol))),
          control: await readControl(transaction, account),
          openOrders: (await readOpenIntents(transaction, account)).filter((intent) => intent.symbol === symbol),
          sellers: await readReservingLegs(transaction, account, baseOf(symbol)),
        });
        if (leg) await reserve(transaction, leg);
        return leg;
      }),
  };
}
