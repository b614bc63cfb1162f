import type { Order, Side } from './types.ts';

/** A limit order of no price and no quantity, that stands nowhere yet. */
export function blankOrder(id: number, account: number, instrument: number, side: Side, at: number): Order {
  return {
    id,
    account,
    instrument,
    side,
    type: 'LIMIT',
    timeInForce: 'GTC',
    price: 0,
    quantity: 0,
    filled: 0,
    quoteFilled: 0n,
    quoteQuantity: 0n,
    stopPrice: 0,
    clientId: '',
    status: 'NEW',
    prevention: 'NONE',
    createdAt: at,
    updatedAt: at,
    workingAt: at,
    locked: 0n,
    prevented: 0,
    preventedMatchId: -1,
    expiryReason: '',
    level: null,
    previous: null,
    next: null,
  };
}

/** Whether an order with a limit takes this price. */
export function reaches(order: Order, price: number): boolean {
  return order.side === 'BUY' ? price <= order.price : price >= order.price;
}
