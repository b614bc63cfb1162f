import type { Instrument } from '../market/market.ts';
import {
  ceilToStep,
  type Decimal,
  decimal,
  floorToStep,
  max,
  min,
  type Price,
  sum,
  text,
  ZERO,
} from '../money/money.ts';
import type { CycleId, LegId } from '../orders/ids.ts';
import type { Fill, OrderLeg, ReducingPurpose } from '../orders/orders.ts';
import { baseOf } from '../portfolio/position.ts';
import { largestOrder } from '../portfolio/sizing.ts';

/** How far below the best bid an exit may sell: it has to be filled, and still not at any price. */
export const EXIT_COLLAR = '0.02';

/** Base quantity that fills brought in: buys less sales, each less the fee that was taken in the base asset. */
export function netQuantity(symbol: string, fills: readonly Fill[]): Decimal {
  const base = baseOf(symbol);
  return sum(
    fills.map(({ side, quantity, fee, feeAsset }) => {
      const taken = feeAsset === base ? decimal(fee) : ZERO;
      return (side === 'buy' ? decimal(quantity) : decimal(quantity).negated()).minus(taken);
    }),
  );
}

export interface ExitTerms {
  legId: LegId;
  cycleId: CycleId;
  correlationId: string;
  account: string;
  purpose: ReducingPurpose;
  epoch: number;
  triggeredAt?: number;
  instrument: Instrument;
  bid: Price;
  /** What is to be sold, and what of it is free to be sold. */
  wanted: Decimal;
  free: Decimal;
}

export type SellingRules = Pick<Instrument, 'stepSize' | 'minQuantity' | 'minNotional' | 'maxQuantity' | 'maxNotional'>;

/**
 * What of a quantity one order can sell while this is bid: whole steps, at most what the exchange takes at once, and zero where that is too
 * little for it at the bid itself. What is held and of which nothing can be sold is dust: both are this one test.
 */
export function sellable(rules: SellingRules, quantity: Decimal, bid: Decimal): Decimal {
  const most = largestOrder(rules, bid);
  const whole = floorToStep(most ? min(quantity, most) : quantity, decimal(rules.stepSize));
  return whole.lessThan(rules.minQuantity) || whole.times(bid).lessThan(rules.minNotional) ? ZERO : whole;
}

/** An order that sells what can be sold, at once; undefined when that is less than the exchange takes. */
export function exitLeg({ instrument, bid, wanted, free, ...terms }: ExitTerms): OrderLeg | undefined {
  const quantity = sellable(instrument, min(wanted, free), decimal(bid));
  if (quantity.isZero()) return undefined;
  const collar = decimal(bid).times(decimal(1).minus(EXIT_COLLAR));
  // The exchange holds the minimum against the order's own price.
  const least = decimal(instrument.minNotional).div(quantity);
  const limitPrice = ceilToStep(max(collar, least), decimal(instrument.tickSize));
  return {
    ...terms,
    symbol: instrument.symbol,
    side: 'sell',
    type: 'limit',
    quantity: text(quantity),
    limitPrice: text(limitPrice),
    timeInForce: 'IOC',
    restMs: 0,
    working: { style: 'once' },
    minNotional: instrument.minNotional,
  };
}
