import { type Decimal, type DecimalText, decimal, max, min, text, ZERO } from '../money/money.ts';
import type { BookedPosition, Position } from './portfolio.ts';

/*
 * What is held has a cost, and whatever leaves takes its part of it along. So realised and unrealised gain add up to what the account gained, to
 * the last digit, whichever way something came or went. More may leave than is held: a fill or fee that is booked before what it was paid from.
 * What is owed so has no cost; what comes in covers it first, and what that cost is realised then, as a loss.
 */

/** Whether there is something that an exit could sell. */
export function isHeld({ quantity }: Pick<Position, 'quantity'>): boolean {
  return decimal(quantity).greaterThan(0);
}

/** What comes in at a cost, in the quote currency. */
export function receive<Kept extends Position>(position: Kept, amount: Decimal, cost: Decimal, at: number): Kept {
  const held = decimal(position.quantity);
  const quantity = held.plus(amount);
  const owed = max(ZERO, held.negated());
  const covered = quantity.greaterThan(0) ? cost.times(owed).div(amount) : cost;
  const kept = max(ZERO, held).times(position.averageCost).plus(cost).minus(covered);
  return {
    ...position,
    quantity: text(quantity),
    averageCost: text(quantity.greaterThan(0) ? kept.div(quantity) : ZERO),
    realizedPnl: text(decimal(position.realizedPnl).minus(covered)),
    openedAt: !quantity.greaterThan(0) ? 0 : held.greaterThan(0) ? position.openedAt : at,
  };
}

/** What leaves, the part of the cost that goes along, and how much of it was not held. */
export function giveUp<Kept extends Position>(
  position: Kept,
  amount: Decimal,
): { after: Kept; cost: Decimal; missing: Decimal } {
  const held = decimal(position.quantity);
  const quantity = held.minus(amount);
  const isHeld = quantity.greaterThan(0);
  const after = {
    ...position,
    quantity: text(quantity),
    averageCost: isHeld ? position.averageCost : text(ZERO),
    openedAt: isHeld ? position.openedAt : 0,
  } satisfies Position;
  const covered = min(amount, max(ZERO, held));
  return { after, cost: covered.times(position.averageCost), missing: amount.minus(covered) };
}

/**
 * A fee that another symbol's trade paid in this one's base asset: from what can be sold first, then from dust. A rebate comes in at no cost.
 *
 * @returns what it had cost, how much of it was dust, and how much was not held: what that cost is realised when it comes in
 */
export function payFee(
  position: BookedPosition,
  fee: Decimal,
  at: number,
): { after: BookedPosition; cost: Decimal; ofDust: Decimal; missing: Decimal } {
  if (fee.isNegative()) {
    return { after: receive(position, fee.negated(), ZERO, at), cost: ZERO, ofDust: ZERO, missing: ZERO };
  }
  const dust = decimal(position.dust);
  const ofDust = min(dust, max(ZERO, fee.minus(max(ZERO, decimal(position.quantity)))));
  const dustCost = ofDust.isZero() ? ZERO : ofDust.times(position.dustCost).div(dust);
  const { after, cost, missing } = giveUp(position, fee.minus(ofDust));
  const left = { dust: text(dust.minus(ofDust)), dustCost: text(decimal(position.dustCost).minus(dustCost)) };
  return { after: { ...after, ...left } as BookedPosition, cost: cost.plus(dustCost), ofDust, missing };
}

/** What the whole would bring at this price over what it had cost, its dust included. */
export function unrealizedAt(
  { quantity, averageCost, dust, dustCost }: Pick<BookedPosition, 'quantity' | 'averageCost' | 'dust' | 'dustCost'>,
  price: DecimalText,
): Decimal {
  const worth = decimal(quantity).plus(dust).times(price);
  return worth.minus(decimal(quantity).times(averageCost)).minus(dustCost);
}
