import type { OrderResult } from '../../contracts/cycle.ts';
import type { LegProgress } from '../../contracts/order.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg, OrderState } from '../../domain/orders/orders.ts';

/** A leg's result, as its books would have it in that state. */
export function resultOf(
  { legId, symbol, side, quantity, limitPrice }: OrderLeg,
  state: OrderState,
  detail = '',
): OrderResult {
  const filledQuantity = state === 'filled' ? quantity : '0';
  return {
    legId,
    intentId: tagged(`${legId}-1`),
    symbol,
    side,
    state,
    quantity,
    filledQuantity: tagged(filledQuantity),
    limitPrice,
    detail,
  };
}

/** Where a leg stands whose newest submission is over. */
export function ended(leg: OrderLeg, state: OrderState, next?: LegProgress['next']): LegProgress {
  return { result: resultOf(leg, state), working: false, restUntil: 0, ...(next ? { next } : {}) };
}

/** Where a leg stands whose submission rests. */
export function resting(leg: OrderLeg): LegProgress {
  return { result: resultOf(leg, 'accepted'), working: true, restUntil: Date.now() + leg.restMs };
}

/** Opens once: what waits for it goes on then. */
export interface Gate {
  open(): void;
  /** Says that somebody waits, and waits. */
  pass(): Promise<void>;
  reached: Promise<void>;
}

export function gate(): Gate {
  const [way, arrival] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  return {
    open: way.resolve,
    reached: arrival.promise,
    pass: async () => {
      arrival.resolve();
      await way.promise;
    },
  };
}
