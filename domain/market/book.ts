import { type Decimal, decimal, min, ZERO } from '../money/money.ts';
import type { BookLevel, OrderBook } from './market.ts';

export interface FillEstimate {
  /** Quantity-weighted over the levels walked; the last level's price for what goes beyond them. */
  averagePrice: Decimal;
  filledQuantity: Decimal;
}

/** Walks the levels of one side, best first. The average is zero for an empty side. */
export function estimateFill(levels: readonly BookLevel[], quantity: Decimal): FillEstimate {
  let filled = ZERO;
  let value = ZERO;
  for (const [price, available] of levels) {
    const taken = min(decimal(available), quantity.minus(filled));
    filled = filled.plus(taken);
    value = value.plus(taken.times(price));
    if (filled.greaterThanOrEqualTo(quantity)) break;
  }
  const beyond = quantity.minus(filled);
  const worst = decimal(levels.at(-1)?.[0] ?? '0');
  const total = value.plus(beyond.times(worst));
  return { averagePrice: quantity.isZero() ? worst : total.div(quantity), filledQuantity: filled };
}

/** Price of the last level that an order of this size would take, best first; undefined when the levels do not fill it. */
export function worstPrice(levels: readonly BookLevel[], quantity: Decimal): Decimal | undefined {
  let left = quantity;
  for (const [price, available] of levels) {
    left = left.minus(available);
    if (left.lessThanOrEqualTo(0)) return decimal(price);
  }
  return undefined;
}

/** Undefined when a side is empty. */
export function midPrice({ bids, asks }: OrderBook): Decimal | undefined {
  const bid = bids[0]?.[0];
  const ask = asks[0]?.[0];
  return bid !== undefined && ask !== undefined ? decimal(bid).plus(ask).div(2) : undefined;
}
