import type { Instrument } from './market.ts';
import { type Decimal, decimal, floorToStep, max, min, sum, text, ZERO } from './money.ts';
import type { Fill, OrderLeg, OrderPurpose } from './orders.ts';
import { baseOf } from './position.ts';

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
  legId: string;
  cycleId: string;
  correlationId: string;
  account: string;
  purpose: Exclude<OrderPurpose, 'open'>;
  epoch: number;
  instrument: Instrument;
  bid: string;
  /** What is to be sold, and what of it is free to be sold. */
  wanted: Decimal;
  free: Decimal;
}

/** An order that sells what can be sold, at once; undefined when that is less than the exchange takes. */
export function exitLeg({ instrument, bid, wanted, free, ...terms }: ExitTerms): OrderLeg | undefined {
  const quantity = floorToStep(min(wanted, free), decimal(instrument.stepSize));
  const tick = decimal(instrument.tickSize);
  const limitPrice = max(tick, floorToStep(decimal(bid).times(decimal(1).minus(EXIT_COLLAR)), tick));
  // The exchange holds the minimum against the order's own price.
  if (quantity.lessThan(instrument.minQuantity) || quantity.times(limitPrice).lessThan(instrument.minNotional)) {
    return undefined;
  }
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
