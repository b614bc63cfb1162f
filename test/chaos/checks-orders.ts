import { decimal, text, ZERO } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { isReducing, isTerminal, type OrderState } from '../../domain/orders/orders.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Evidence, VenueOrderRow } from './evidence.ts';
import { type Violation, violation } from './invariants.ts';

/** What the books call an order of this state at the exchange. */
export const venueStates: Record<string, OrderState> = {
  NEW: 'accepted',
  PARTIALLY_FILLED: 'partially_filled',
  FILLED: 'filled',
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
  REJECTED: 'rejected',
  FORGOTTEN: 'canceled',
};
/** Of orders that were taken and never were in the book: what the books may call them. */
const lostAs: Record<string, readonly OrderState[]> = { FORGOTTEN: ['canceled', 'void'], REJECTED: ['rejected'] };
const neverThere: readonly OrderState[] = ['initialized', 'denied', 'rejected', 'void'];

/** I1: one order an intent, and what the books say of it is what the exchange says. */
export function ordersOnce({ venue, intents }: Evidence): Violation[] {
  const byClientId = new Map<string, VenueOrderRow[]>();
  for (const order of venue.orders) {
    byClientId.set(order.clientOrderId, [...(byClientId.get(order.clientOrderId) ?? []), order]);
  }
  const known = new Set(intents.map(({ intentId }) => intentId));
  const found: Violation[] = [];
  for (const [clientId, orders] of byClientId) {
    if (orders.length > 1) found.push(violation('I1', `${clientId} reached the exchange ${orders.length} times`));
    if (!known.has(tagged(clientId)))
      found.push(violation('I1', `the exchange has ${clientId}, of which no intent stands in the books`));
  }
  return [...found, ...intents.flatMap((intent) => sameEnd(intent, byClientId.get(intent.intentId)?.[0]))];
}

function sameEnd({ intentId, state, filledQuantity }: Intent, order: VenueOrderRow | undefined): Violation[] {
  if (!isTerminal(state)) return [violation('I1', `${intentId} is still ${state}`)];
  if (order && lostAs[order.status]?.includes(state) && decimal(filledQuantity).isZero()) return [];
  if (neverThere.includes(state)) {
    return order ? [violation('I1', `${intentId} is ${state} in the books and ${order.status} at the exchange`)] : [];
  }
  if (!order) return [violation('I1', `${intentId} is ${state} in the books and unknown at the exchange`)];
  const same = venueStates[order.status] === state && decimal(order.executedQty).equals(filledQuantity);
  const words = `${state} ${filledQuantity} in the books, ${order.status} ${order.executedQty} at the exchange`;
  return same ? [] : [violation('I1', `${intentId} is ${words}`)];
}

/** I1: what was sent for a leg together, a second try included, has filled no more of it than was planned. */
export function legsFilledOnce({ venue, plans }: Pick<Evidence, 'venue' | 'plans'>): Violation[] {
  const filled = new Map<string, ReturnType<typeof decimal>>();
  for (const { clientOrderId, executedQty } of venue.orders) {
    const legId = clientOrderId.slice(0, clientOrderId.lastIndexOf('-'));
    filled.set(legId, (filled.get(legId) ?? ZERO).plus(executedQty));
  }
  return plans.flatMap(({ plan }) =>
    plan.legs.flatMap(({ legId, quantity }) => {
      const all = filled.get(legId) ?? ZERO;
      return all.lte(quantity)
        ? []
        : [violation('I1', `leg ${legId} was filled with ${text(all)}, and ${quantity} were planned`)];
    }),
  );
}

/** I3: what is sent is what was reserved. */
export function forgeriesAreRefused({ forged, venue }: Pick<Evidence, 'forged' | 'venue'>): Violation[] {
  return venue.orders
    .filter(({ clientOrderId }) => forged.some((legId) => clientOrderId.startsWith(legId)))
    .map(({ clientOrderId }) => violation('I3', `${clientOrderId} is not the order that was reserved`));
}

/** I5: whatever the agents say. What only reduces is as large as what is held. */
export function ordersKeepTheirLimit({ intents, maxOrderNotional }: Evidence): Violation[] {
  return intents.flatMap(({ intentId, purpose, quantity, limitPrice }) => {
    const notional = decimal(quantity).times(limitPrice);
    return isReducing(purpose) || notional.lte(maxOrderNotional)
      ? []
      : [violation('I5', `${intentId} is over ${text(notional)}, at most ${maxOrderNotional} are allowed`)];
  });
}
