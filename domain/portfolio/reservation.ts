import { type Decimal, decimal } from '../money/money.ts';
import type { OrderLeg } from '../orders/orders.ts';

/** Room for a fee that the exchange takes in the quote currency of a buy, as a fraction of its value. */
export const FEE_RESERVE_RATE = '0.002';

/** Quote currency that a buy can cost at worst: at its collar price, plus the fee. */
export function reservationAmount(leg: Pick<OrderLeg, 'quantity' | 'limitPrice'>): Decimal {
  return decimal(leg.quantity).times(leg.limitPrice).times(decimal(1).plus(FEE_RESERVE_RATE));
}
