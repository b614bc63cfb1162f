import { type Decimal, decimal, type Price, type Quantity, sum, text } from '../money/money.ts';
import type { OrderLeg, OrderState, OrderType, TimeInForce } from './orders.ts';

/** One order of a leg at the exchange, before its price is known. */
export interface SubmissionDraft {
  /** 1 for the first. */
  submission: number;
  type: OrderType;
  timeInForce: TimeInForce;
  quantity: Quantity;
  /** `collar`: at the leg's limit. `join`: at the best price of its own side, never beyond the leg's limit. */
  price: 'collar' | 'join';
  /** How long it may rest before it is cancelled. */
  restMs: number;
  /** Pause after the submission before it. */
  delayMs: number;
}

/** As it is sent. */
export interface SubmissionTerms extends Omit<SubmissionDraft, 'price' | 'delayMs'> {
  limitPrice: Price;
}

export interface PastSubmission {
  state: OrderState;
  filledQuantity: Quantity;
}

/** The best prices of both sides. */
export interface Touch {
  bid: Price;
  ask: Price;
}

/**
 * What a leg sends next, given how its earlier submissions ended; undefined when it is over. A function of the leg and of the books alone, so
 * that every process comes to the same answer.
 */
export function nextSubmission(leg: OrderLeg, past: readonly PastSubmission[]): SubmissionDraft | undefined {
  const submission = past.length + 1;
  if (past.some(({ state }) => state === 'denied' || state === 'void')) return undefined;
  const left = decimal(leg.quantity).minus(sum(past.map(({ filledQuantity }) => decimal(filledQuantity))));
  if (submission > 1 && left.times(leg.limitPrice).lessThan(leg.minNotional)) return undefined;
  const { type, timeInForce, restMs, working } = leg;
  const refused = past.some(({ state }) => state === 'rejected');

  switch (working.style) {
    case 'once':
      if (submission > 1) return undefined;
      return { submission, type, timeInForce, quantity: text(left), price: 'collar', restMs, delayMs: 0 };
    case 'chase': {
      // A post-only order that would have taken is rejected by design, and priced again.
      if (submission > working.submissions || (refused && type !== 'post_only')) return undefined;
      if (submission === working.submissions) {
        return {
          submission,
          type: 'limit',
          timeInForce: 'IOC',
          quantity: text(left),
          price: 'collar',
          restMs,
          delayMs: 0,
        };
      }
      return { submission, type, timeInForce: 'GTC', quantity: text(left), price: 'join', restMs, delayMs: 0 };
    }
    case 'twap':
      break;
  }
  if (submission > working.slices.length || refused) return undefined;
  const due = sum(working.slices.slice(0, submission).map((slice) => decimal(slice)));
  const quantity = due.minus(decimal(leg.quantity).minus(left));
  const delayMs = submission === 1 ? 0 : working.intervalMs;
  return { submission, type, timeInForce, quantity: text(quantity), price: 'collar', restMs, delayMs };
}

/** @param touch needed for a price of `join` only. */
export function priced(leg: OrderLeg, draft: SubmissionDraft, touch: Touch | undefined): SubmissionTerms {
  const { price, delayMs: _delay, ...terms } = draft;
  return { ...terms, limitPrice: price === 'join' && touch ? joined(leg, touch) : leg.limitPrice };
}

function joined({ side, limitPrice }: OrderLeg, { bid, ask }: Touch): Price {
  const collar: Decimal = decimal(limitPrice);
  if (side === 'buy') return collar.lessThan(bid) ? limitPrice : bid;
  return collar.greaterThan(ask) ? limitPrice : ask;
}
