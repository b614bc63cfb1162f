import type { OrderResult } from '../../contracts/cycle.ts';
import type { LegProgress } from '../../contracts/order.ts';
import { refusalIn } from '../../contracts/refusals.ts';
import { decimal, sum, text } from '../../domain/money/money.ts';
import { isTerminal, type OrderLeg } from '../../domain/orders/orders.ts';
import { nextSubmission } from '../../domain/orders/submissions.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';

/** @param past every submission of the leg so far, in their order. */
export function progressOf(leg: OrderLeg, past: readonly Intent[]): LegProgress {
  const newest = past.at(-1);
  if (!newest) throw new Error(`no submission of ${leg.legId} stands in the journal`);
  const working = !isTerminal(newest.state);
  const next = working ? undefined : nextSubmission(leg, past);
  return {
    result: resultOf(leg, past, newest),
    working,
    restUntil: newest.createdAt + newest.restMs,
    ...(next ? { next: { submission: next.submission, delayMs: next.delayMs } } : {}),
  };
}

function resultOf(leg: OrderLeg, past: readonly Intent[], newest: Intent): OrderResult {
  const filled = sum(past.map(({ filledQuantity }) => decimal(filledQuantity)));
  const state = filled.greaterThanOrEqualTo(leg.quantity) ? 'filled' : newest.state;
  const refusal = state === 'denied' ? refusalIn(newest.detail) : undefined;
  return {
    legId: leg.legId,
    intentId: newest.intentId,
    symbol: leg.symbol,
    side: leg.side,
    state,
    quantity: leg.quantity,
    filledQuantity: text(filled),
    limitPrice: leg.limitPrice,
    ...(refusal ? { refusal } : {}),
    detail: newest.detail,
  };
}
