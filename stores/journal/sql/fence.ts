import { isDeepStrictEqual } from 'node:util';
import type { RiskSettings } from '../../../contracts/config/schema.ts';
import type { Mode } from '../../../domain/market/market.ts';
import { type Decimal, decimal, sum, text } from '../../../domain/money/money.ts';
import type { Sending } from '../../../domain/orders/fenced-order.ts';
import { isReducing, isTerminal, type OrderLeg } from '../../../domain/orders/orders.ts';
import type { Refusal, RefusalCode } from '../../../domain/orders/refusal.ts';
import { nextSubmission, type SubmissionTerms } from '../../../domain/orders/submissions.ts';
import type { Buy } from '../../../domain/portfolio/exposure.ts';
import { leftOut, orderRate, overdrawn, reentryPause } from '../../../domain/portfolio/overtrading.ts';
import type { ControlState } from '../books/control.ts';
import type { Intent } from '../books/intents.ts';
import { readLeftOut } from './by-hand.ts';
import type { Sql, Transaction } from './database.ts';
import { OPEN_STATES } from './open-states.ts';
import { readPosition } from './positions.ts';
import { findReservedLeg, openReservation } from './postings.ts';
import { readLimits } from './settings-kinds.ts';
import { readLastSales, readSentOfMinute, readTradingDay } from './trading-day.ts';

interface Question {
  leg: OrderLeg;
  terms: SubmissionTerms;
  /** The leg's submissions so far. */
  past: readonly Intent[];
  control: ControlState;
  mode: Mode;
  sending: Sending;
}

/** What keeps a submission from being sent, if anything does; the checks that need no look at other orders come first. */
export async function refusalOf(transaction: Transaction, question: Question): Promise<Refusal | undefined> {
  return (
    refusedByState(question) ??
    refusedByLeg(question) ??
    (await refusedAsOther(transaction, question)) ??
    (isReducing(question.leg.purpose)
      ? await refusedAsReduction(transaction, question)
      : await refusedByLimits(transaction, question)) ??
    refusedByReservation(transaction, question)
  );
}

function refusedByState({ leg, control, mode }: Question): Refusal | undefined {
  if (leg.epoch !== control.epoch) return refusal('StaleEpoch', control.epoch, leg.epoch);
  if (isReducing(leg.purpose)) return undefined;
  if (control.tradingState === 'halted') return refusal('TradingHalted', 'active', 'halted');
  if (control.tradingState === 'reducing') return refusal('TradingReducing', 'active', 'reducing');
  if (mode === 'live' && !control.liveEnabled) return refusal('LiveDisabled', 'enabled', 'disabled');
  return undefined;
}

function refusedByLeg({ leg, terms, past }: Question): Refusal | undefined {
  const newest = past.at(-1);
  if (newest && !isTerminal(newest.state)) return refusal('PreviousSubmissionOpen', 'terminal', newest.state);
  const next = nextSubmission(leg, past);
  if (next?.submission !== terms.submission) {
    return refusal('LegOver', next?.submission ?? past.length, terms.submission);
  }
  const filled = sum(past.map(({ filledQuantity }) => decimal(filledQuantity)));
  const total = filled.plus(terms.quantity);
  if (total.greaterThan(leg.quantity)) return refusal('OverLeg', leg.quantity, text(total));
  const worse =
    leg.side === 'buy'
      ? decimal(terms.limitPrice).greaterThan(leg.limitPrice)
      : decimal(terms.limitPrice).lessThan(leg.limitPrice);
  return worse ? refusal('PriceCollar', leg.limitPrice, terms.limitPrice) : undefined;
}

/** What was decided and reserved is what is sent, in every field: whoever asks may have any leg in mind. */
async function refusedAsOther(transaction: Transaction, { leg }: Question): Promise<Refusal | undefined> {
  const reserved = await findReservedLeg(transaction, leg.legId);
  if (!reserved) return undefined;
  const fields = new Set([...Object.keys(reserved), ...Object.keys(leg)]) as Set<keyof OrderLeg>;
  const other = [...fields].find((field) => !isDeepStrictEqual(leg[field], reserved[field]));
  return other && refusal('OtherLeg', wordsOf(other, reserved), wordsOf(other, leg));
}

function wordsOf(field: keyof OrderLeg, leg: OrderLeg): string {
  return `${field} ${JSON.stringify(leg[field])}`;
}

async function refusedAsReduction(transaction: Transaction, { leg, terms }: Question): Promise<Refusal | undefined> {
  const { quantity } = await readPosition(transaction, leg.account, leg.symbol);
  const reduces = leg.side === 'sell' && decimal(terms.quantity).lessThanOrEqualTo(quantity);
  return reduces ? undefined : refusal('NotReducing', quantity, terms.quantity);
}

/** What opens alone: a reducing order needs no limits, and passes whatever became of them. */
async function refusedByLimits(
  transaction: Transaction,
  { leg, terms, sending: { sentAt, sendBy } }: Question,
): Promise<Refusal | undefined> {
  const limits = await readLimits(transaction, leg.account);
  const notional = notionalOf(leg, terms);
  if (notional.greaterThan(limits.maxOrderNotional)) {
    return refusal('OrderNotional', limits.maxOrderNotional, text(notional));
  }
  const frozen = await transaction.row(
    "SELECT intent_id FROM intents WHERE account = ? AND symbol = ? AND state = 'unresolved' LIMIT 1",
    leg.account,
    leg.symbol,
  );
  if (frozen) return refusal('SymbolFrozen', 'resolved', String(frozen['intent_id']));
  const late = orderRate(limits, await readSentOfMinute(transaction, leg.account, sendBy));
  if (late) return late;
  return refusedAsOvertrading(transaction, leg, notional, limits, sentAt);
}

/** Something may have been sold since the plan: a stop, or more than was thought. What waits for its own fence is not counted here. */
async function refusedAsOvertrading(
  transaction: Transaction,
  { account, symbol, takerFeeRate }: OrderLeg,
  notional: Decimal,
  limits: RiskSettings,
  sentAt: number,
): Promise<Refusal | undefined> {
  const refused = leftOut({ leftOut: await readLeftOut(transaction, account, sentAt) }, symbol, sentAt);
  if (refused) return refused;
  const pauseMs = limits.reentryPauseSeconds * 1_000;
  const sales = await readLastSales(transaction, account, pauseMs, sentAt);
  const pause = reentryPause(pauseMs, sales, symbol, sentAt);
  if (pause) return pause;
  const day = await readTradingDay(transaction, account, limits.dayResetHour, sentAt);
  return overdrawn(limits, day, [...(await readWorking(transaction, account)), { notional, takerFeeRate }]);
}

/** What the buys that may be open at the exchange may still cost, each with the fee of its own. */
async function readWorking(sql: Sql, account: string): Promise<Buy[]> {
  const rows = await sql.rows(
    `SELECT leg, quantity, filled_quantity, limit_price FROM intents WHERE account = ? AND side = 'buy' AND state IN ${OPEN_STATES}`,
    account,
  );
  return rows.map((row) => ({
    notional: decimal(String(row['quantity'])).minus(String(row['filled_quantity'])).times(String(row['limit_price'])),
    takerFeeRate: (JSON.parse(String(row['leg'])) as OrderLeg).takerFeeRate,
  }));
}

async function refusedByReservation(transaction: Transaction, { leg, terms }: Question): Promise<Refusal | undefined> {
  const reservation = await openReservation(transaction, leg.legId);
  const needed = leg.side === 'buy' ? notionalOf(leg, terms) : decimal(terms.quantity);
  if (reservation?.remaining.greaterThanOrEqualTo(needed)) return undefined;
  return refusal('NotReserved', reservation ? text(reservation.remaining) : '0', text(needed));
}

/** At the collar, which a market order has too. */
function notionalOf(leg: OrderLeg, terms: SubmissionTerms): Decimal {
  return decimal(terms.quantity).times(leg.limitPrice);
}

function refusal(code: RefusalCode, limit: string | number, value: string | number): Refusal {
  return { code, limit: String(limit), value: String(value) };
}
