import { decimal, sum, text, ZERO } from '../../domain/money/money.ts';
import { baseOf } from '../../domain/portfolio/position.ts';
import type { Evidence } from './evidence.ts';
import { type Violation, violation } from './invariants.ts';

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
