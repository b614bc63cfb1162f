import { decimal, type Money, type Price, text, ZERO } from '../money/money.ts';
import type { Fill } from '../orders/orders.ts';
import type { Position } from './portfolio.ts';

export function baseOf(symbol: string): string {
  return symbol.split('/')[0] ?? '';
}

export function quoteOf(symbol: string): string {
  return symbol.split('/')[1] ?? '';
}

export function flatPosition(symbol: string): Position {
  return {
    symbol,
    quantity: text(ZERO),
    averageCost: text(ZERO),
    realizedPnl: text(ZERO),
    dust: text(ZERO),
    openedAt: 0,
  };
}

/** Whether the exchange takes no order for what is held at this price: as a holding it is over, though its quantity and cost stay in the books. */
export function isRemnant({ quantity }: Position, price: Price, minNotional: Money): boolean {
  return decimal(quantity).times(price).lessThan(minNotional);
}

/**
 * Average-cost accounting. A fee in the quote currency raises the cost of a buy and lowers the proceeds of a sell; a fee in the base asset
 * lowers what is held at unchanged cost. A fee in a third asset touches the ledger only.
 */
export function applyFill(position: Position, fill: Fill): Position {
  const price = decimal(fill.price);
  const filled = decimal(fill.quantity);
  const fee = decimal(fill.fee);
  const baseFee = fill.feeAsset === baseOf(fill.symbol) ? fee : ZERO;
  const quoteFee = fill.feeAsset === quoteOf(fill.symbol) ? fee : ZERO;
  const held = decimal(position.quantity);
  const cost = held.times(position.averageCost);

  if (fill.side === 'buy') {
    const quantity = held.plus(filled).minus(baseFee);
    const newCost = cost.plus(price.times(filled)).plus(quoteFee);
    return {
      ...position,
      quantity: text(quantity),
      averageCost: text(quantity.isZero() ? ZERO : newCost.div(quantity)),
      openedAt: held.isZero() ? fill.filledAt : position.openedAt,
    };
  }
  const sold = filled.plus(baseFee);
  const proceeds = price.times(filled).minus(quoteFee);
  const costOfSold = sold.times(position.averageCost);
  const quantity = held.minus(sold);
  return {
    ...position,
    quantity: text(quantity),
    averageCost: quantity.isZero() ? text(ZERO) : position.averageCost,
    openedAt: quantity.isZero() ? 0 : position.openedAt,
    realizedPnl: text(decimal(position.realizedPnl).plus(proceeds).minus(costOfSold)),
  };
}
