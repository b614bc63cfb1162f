import { decimal, sum, text, ZERO } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { isReducing, isTerminal, type OrderState } from '../../domain/orders/orders.ts';
import { baseOf } from '../../domain/portfolio/position.ts';
import type { ControlState } from '../../stores/journal/books/control.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Evidence, VenueOrderRow } from './evidence.ts';
import { type Violation, violation } from './invariants.ts';

const venueStates: Record<string, OrderState> = {
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

/** I2: fills, balances and positions, to the last unit. */
export function booksEqualExchange(evidence: Evidence): Violation[] {
  const { venue, balances, positions, fills, entries } = evidence;
  const found: Violation[] = [];
  const idOf = (symbol: string): string => symbol.replace('/', '');
  const tradesOf = new Map(venue.trades.map((trade) => [`${trade.symbol}/${trade.id}/${trade.orderId}`, trade]));
  const orderIds = new Map(venue.orders.map(({ clientOrderId, orderId }) => [clientOrderId, orderId]));
  for (const fill of fills) {
    const key = `${idOf(fill.symbol)}/${fill.tradeId}/${orderIds.get(fill.intentId)}`;
    const trade = tradesOf.get(key);
    const same =
      trade &&
      decimal(trade.price).equals(fill.price) &&
      decimal(trade.qty).equals(fill.quantity) &&
      decimal(trade.commission).equals(fill.fee) &&
      trade.commissionAsset === fill.feeAsset &&
      trade.isBuyer === (fill.side === 'buy');
    if (!same) found.push(violation('I2', `fill ${key} of ${fill.intentId} is not what the exchange has`));
    tradesOf.delete(key);
  }
  for (const key of tradesOf.keys()) found.push(violation('I2', `trade ${key} is not in the books`));

  const booked = new Map(
    balances.map(({ asset, free, reserved, dust }) => [
      asset,
      sum([free, reserved, dust].map((part) => decimal(part))),
    ]),
  );
  for (const asset of new Set([...booked.keys(), ...Object.keys(venue.balances)])) {
    const [ours, theirs] = [booked.get(asset) ?? ZERO, decimal(venue.balances[asset] ?? '0')];
    if (!ours.equals(theirs))
      found.push(violation('I2', `${asset}: booked ${text(ours)}, at the exchange ${text(theirs)}`));
  }
  if (venue.open > 0) found.push(violation('I2', `${venue.open} orders are open at rest`));

  for (const { symbol, quantity, dust } of positions) {
    const base = baseOf(symbol);
    const moved = sum(
      fills
        .filter((fill) => fill.symbol === symbol)
        .map(({ side, quantity: filled, fee, feeAsset }) =>
          (side === 'buy' ? decimal(filled) : decimal(filled).negated()).minus(feeAsset === base ? fee : 0),
        ),
    );
    const held = decimal(quantity).plus(dust);
    if (!moved.equals(held))
      found.push(violation('I2', `${symbol}: position ${text(held)}, by its fills ${text(moved)}`));
  }

  const sums = new Map<string, ReturnType<typeof decimal>>();
  for (const { reference, asset, amount } of entries) {
    const key = `${reference} in ${asset}`;
    sums.set(key, (sums.get(key) ?? ZERO).plus(amount));
  }
  for (const [key, total] of sums) {
    if (!total.isZero()) found.push(violation('I2', `${key}: the entries do not balance, by ${text(total)}`));
  }
  return found;
}

/** I3: over the whole of the ledger no book of the account was ever below zero, and at rest nothing is reserved. */
export function reservationsHold({ entries, openReservations, balances }: Evidence): Violation[] {
  const found: Violation[] = [];
  const running = new Map<string, ReturnType<typeof decimal>>();
  const group = new Map<string, string>();
  const check = (): void => {
    for (const [key, reference] of group) {
      const amount = running.get(key) ?? ZERO;
      if (amount.isNegative() && !amount.isZero()) {
        found.push(violation('I3', `${key} was ${text(amount)} after ${reference}`));
      }
    }
    group.clear();
  };
  let current = '';
  for (const { reference, book, asset, amount } of entries) {
    if (reference !== current) check();
    current = reference;
    if (!['free', 'reserved', 'dust'].includes(book)) continue;
    const key = `${book} ${asset}`;
    running.set(key, (running.get(key) ?? ZERO).plus(amount));
    group.set(key, reference);
  }
  check();
  if (openReservations > 0) found.push(violation('I3', `${openReservations} reservations are open at rest`));
  for (const { asset, reserved } of balances) {
    if (!decimal(reserved).isZero()) found.push(violation('I3', `${reserved} ${asset} are reserved at rest`));
  }
  return found;
}

/** I4: in the order of the journal's own commits, and in the exchange's own log. */
export function stopsHold({ events, stops, venue, intents }: Evidence): Violation[] {
  const found: Violation[] = [];
  let halted = false;
  for (const { kind, payload } of events) {
    if (kind === 'trading.halted') halted = true;
    if (kind === 'trading.resumed') halted = false;
    const { intentId, purpose } = payload as Partial<Intent>;
    if (halted && kind === 'order.submitted' && purpose === 'open') {
      found.push(violation('I4', `${intentId} opened after a stop was fenced`));
    }
  }
  const opening = new Set(intents.filter(({ purpose }) => !isReducing(purpose)).map(({ intentId }) => intentId));
  for (const { way, quietAt, resumedAt, epoch } of stops) {
    if (quietAt === undefined) continue;
    const resumed = events.find(({ kind, payload }) => kind === 'trading.resumed' && epochOf(payload) > epoch);
    const until = Math.min(resumedAt, resumed?.at ?? resumedAt);
    for (const { clientOrderId, time, updateTime, status } of venue.orders) {
      const endedAt = isTerminal(venueStates[status] ?? 'accepted') ? updateTime : Number.POSITIVE_INFINITY;
      if (opening.has(tagged(clientOrderId)) && time < until && endedAt > quietAt) {
        found.push(violation('I4', `${clientOrderId} was open while a stop by ${way} was quiet`));
      }
    }
  }
  return found;
}

function epochOf(payload: unknown): number {
  return (payload as { after?: { epoch?: number } }).after?.epoch ?? 0;
}

/** Fenced and quiet within so many milliseconds while everything answers; after a disturbance, of its end. */
const IN_TIME = { fenced: 2_000, quiet: 15_000, said: 5_000 };
/** What was killed starts again, what it had begun is noticed, and an order of unknown end is looked up. */
const RECOVERED = { fenced: 12_000, quiet: 30_000 };
/** A question and its answer take their time, too. */
const LOOK_MS = 1_000;
const REASON_BYTES = 400;

/** I10: by the journal's own time of the halt, and by what the latch said of quiet. */
export function stopsInTime({ stops }: Pick<Evidence, 'stops'>): Violation[] {
  return stops.flatMap(({ way, askedAt, ableAt, isDisturbed, heldUntil = 0, fencedAt, quietAt, saidAt }) => {
    const found: Violation[] = [];
    const late = (what: string, at: number | undefined, from: number, limitMs: number): void => {
      if (at !== undefined && at <= from + limitMs) return;
      const words = at === undefined ? 'never' : `${at - from} ms after everything answered`;
      found.push(violation('I10', `a stop by ${way} was ${what} ${words}, at most ${limitMs} are allowed`));
    };
    // The fence asks nothing of the exchange.
    const writable = Math.max(ableAt, way === 'locked' ? heldUntil : 0);
    const isFree = !isDisturbed && writable === askedAt;
    late('fenced', fencedAt, writable, isFree ? IN_TIME.fenced : RECOVERED.fenced);
    const isCalm = isFree && heldUntil === 0;
    late('quiet', quietAt, Math.max(writable, heldUntil), isCalm ? IN_TIME.quiet : RECOVERED.quiet);
    if (heldUntil > 0 && !isDisturbed) late('said to be in trouble', saidAt, askedAt, IN_TIME.said + LOOK_MS);
    return found;
  });
}

/** I10: what ends a halt is the word of who saw this one; and no halt is longer than every place takes. */
export function onlyWhoSawResumes({ events, resumed }: Pick<Evidence, 'events' | 'resumed'>): Violation[] {
  return events.flatMap(({ kind, payload }) => {
    const { before, after } = payload as { before?: ControlState; after?: ControlState };
    if (kind === 'trading.halted' && Buffer.byteLength(after?.reason ?? '') > REASON_BYTES)
      return [violation('I10', `the halt of epoch ${after?.epoch} has a reason that a schedule does not take`)];
    if (kind !== 'trading.resumed' || !before || resumed === undefined || resumed.includes(before.epoch)) return [];
    // Software ends a halt of reconciliation, and no other.
    if (before.changedBy === 'reconcile') return [];
    return [violation('I10', `the halt of epoch ${before.epoch} was ended, which nobody had seen`)];
  });
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

/** I6: the mode, and an outcome that does not hide a fault. */
export function faultsAreSaid({ records, events, intents }: Evidence): Violation[] {
  const found: Violation[] = [];
  const states = new Map(intents.map(({ intentId, state }) => [intentId, state]));
  for (const { eventId, mode } of events) {
    if (mode !== 'paper') found.push(violation('I6', `event ${eventId} says ${mode}`));
  }
  for (const { cycleId, mode, outcome, summary, answers, orders } of records) {
    if (mode !== 'paper') found.push(violation('I6', `cycle ${cycleId} says ${mode}`));
    const opinions = answers.flatMap((answer) => answer.opinions);
    // Where nobody gives a signal the outcome is NO_TRADE, and the summary has to say of each why.
    const saysWhy =
      outcome === 'NO_TRADE' &&
      opinions.every(
        (opinion) => opinion.kind === 'abstention' && summary.includes(`${opinion.agentId} ${opinion.reason}`),
      );
    const silent =
      opinions.some((opinion) => opinion.kind === 'abstention' && opinion.reason !== 'disabled') && !saysWhy;
    const open = orders.some(({ state }) =>
      ['unresolved', 'rejected', 'denied', 'void', 'initialized'].includes(state),
    );
    if ((silent || open) && (outcome === 'COMPLETED' || outcome === 'NO_TRADE')) {
      found.push(
        violation(
          'I6',
          `cycle ${cycleId} says ${outcome}, though ${silent ? 'an agent was silent' : 'an order has no end'}`,
        ),
      );
    }
    for (const { intentId, state } of orders) {
      const now = states.get(intentId);
      if (state === 'filled' && now !== 'filled') {
        found.push(violation('I6', `cycle ${cycleId} says filled of ${intentId}, which is ${now}`));
      }
    }
  }
  return found;
}

/** I8: each fact of the books once, and in the order of its number. */
export function factsAreTold({ events, fills, intents, records, plans }: Evidence): Violation[] {
  const found: Violation[] = [];
  const told = new Map<string, number>();
  const tell = (key: string): void => void told.set(key, (told.get(key) ?? 0) + 1);
  for (const { kind, payload, cycleId } of events) {
    const { intentId, symbol, tradeId, filledQuantity } = payload as Partial<Intent> & { tradeId?: string };
    if (kind === 'fill.booked') tell(`fill ${symbol}/${tradeId}/${intentId}`);
    if (kind.startsWith('order.') && isTerminal(kind.slice('order.'.length) as OrderState))
      tell(`end of ${intentId} as ${kind} with ${filledQuantity}`);
    if (kind === 'cycle.finished') tell(`record of ${cycleId}`);
    if (kind === 'plan.made') tell(`plan of ${cycleId}`);
  }
  const expected = [
    ...fills.map(({ symbol, tradeId, intentId }) => `fill ${symbol}/${tradeId}/${intentId}`),
    ...intents.map(
      ({ intentId, state, filledQuantity }) => `end of ${intentId} as order.${state} with ${filledQuantity}`,
    ),
    ...records.map(({ cycleId }) => `record of ${cycleId}`),
    ...plans.map(({ plan }) => `plan of ${plan.cycleId}`),
  ];
  for (const key of expected) {
    const times = told.get(key) ?? 0;
    if (times !== 1) found.push(violation('I8', `${key} is in the outbox ${times} times`));
  }
  const sequences = events.map(({ sequence }) => sequence);
  if (sequences.some((sequence, index) => index > 0 && sequence <= (sequences[index - 1] ?? 0))) {
    found.push(violation('I8', 'the outbox is not in the order of its numbers'));
  }
  return found;
}

/** I8, on its way: what was told is in the warehouse once, and nothing else; the audit trail is whole, and its copy the same. */
export function warehouseHasEachEventOnce({ events, warehouse, audit }: Evidence): Violation[] {
  if (warehouse.refusal !== undefined)
    return [violation('I8', `the warehouse refuses the events: ${warehouse.refusal}`)];
  const found: Violation[] = [];
  const there = new Map<string, number>();
  for (const id of warehouse.events) there.set(id, (there.get(id) ?? 0) + 1);
  for (const { eventId } of events) {
    const times = there.get(eventId) ?? 0;
    if (times !== 1) found.push(violation('I8', `${eventId} is in the warehouse ${times} times`));
    there.delete(eventId);
  }
  for (const id of there.keys()) found.push(violation('I8', `${id} is in the warehouse, and was never told`));
  if (audit.fault !== undefined) found.push(violation('I8', `the audit trail: ${audit.fault}`));
  if (audit.hashes.join() !== warehouse.audit.join())
    found.push(violation('I8', 'the audit trail and its copy differ'));
  return found;
}

/** I9: of this holding, and not of one before it. */
export function positionsAreProtected({ positions, protection }: Evidence): Violation[] {
  return positions.flatMap(({ symbol, quantity, openedAt }) => {
    if (decimal(quantity).isZero()) return [];
    const state = protection.get(symbol);
    if (!state) return [violation('I9', `${quantity} ${symbol} have no protective exits`)];
    if (state.holding?.openedAt === openedAt) return [];
    return [violation('I9', `the protective exits of ${symbol} do not know the holding of ${openedAt}`)];
  });
}

export const checks = [
  ordersOnce,
  legsFilledOnce,
  booksEqualExchange,
  reservationsHold,
  stopsHold,
  stopsInTime,
  onlyWhoSawResumes,
  forgeriesAreRefused,
  ordersKeepTheirLimit,
  faultsAreSaid,
  factsAreTold,
  warehouseHasEachEventOnce,
  positionsAreProtected,
] as const;
