import { type Decimal, type DecimalText, decimal, max } from '../money/money.ts';
import type { OrderLeg } from '../orders/orders.ts';

/** Room for a fee that the exchange takes in the quote currency of a buy, as a fraction of its value: so much at the least. */
export const FEE_RESERVE_RATE = '0.002';

/** The same of an account that pays more. */
export function feeReserve(takerFeeRate: DecimalText = '0'): Decimal {
  return max(decimal(FEE_RESERVE_RATE), decimal(takerFeeRate));
}

/** Quote currency that a buy can cost at worst: at its collar price, plus the fee. */
export function reservationAmount(leg: Pick<OrderLeg, 'quantity' | 'limitPrice' | 'takerFeeRate'>): Decimal {
  return decimal(leg.quantity)
    .times(leg.limitPrice)
    .times(decimal(1).plus(feeReserve(leg.takerFeeRate)));
}
