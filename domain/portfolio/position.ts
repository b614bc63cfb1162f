import { decimal, type Money, type Price, text, ZERO } from '../money/money.ts';
import type { Fill } from '../orders/orders.ts';
import { giveUp, receive } from './holding.ts';
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
 * Average-cost accounting. A fee in the quote currency raises the cost of a buy and lowers the proceeds of a sale; a fee in the base asset
 * lowers what is held at unchanged cost. A fee in a third asset does as one in the quote currency, by what it had cost.
 *
 * @param thirdFee what a fee in a third asset had cost, in the quote currency
 */
export function applyFill<Kept extends Position>(position: Kept, fill: Fill, thirdFee = ZERO): Kept {
  const filled = decimal(fill.quantity);
  const value = filled.times(fill.price);
  const baseFee = fill.feeAsset === baseOf(fill.symbol) ? decimal(fill.fee) : ZERO;
  const quoteFee = fill.feeAsset === quoteOf(fill.symbol) ? decimal(fill.fee) : thirdFee;
  if (fill.side === 'buy') return receive(position, filled.minus(baseFee), value.plus(quoteFee), fill.filledAt);
  const { after, cost } = giveUp(position, filled.plus(baseFee));
  const realizedPnl = decimal(position.realizedPnl).plus(value).minus(quoteFee).minus(cost);
  return { ...after, realizedPnl: text(realizedPnl) };
}
