import type { BookSide } from './book.ts';
import { type Instrument, notional } from './instrument.ts';
import { reaches } from './order.ts';
import type { Order } from './types.ts';

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

export interface Funds {
  asset: string;
  /** Units of `asset`. */
  units: bigint;
  /** Steps to trade: of an order by quote amount, what that reaches in the book. */
  quantity: number;
}

/**
 * What is locked for an order before it can trade: a limit order's worst case; of a market order, what the book as it stands will take from it.
 *
 * @returns `undefined` where a market order by quote amount finds nothing to trade with
 */
export function fundsOf(order: Order, opposite: BookSide, instrument: Instrument): Funds | undefined {
  const buys = order.side === 'BUY';
  const asset = buys ? instrument.quote : instrument.base;
  if (order.type !== 'MARKET') {
    const { quantity } = order;
    return {
      asset,
      units: buys ? notional(instrument, order.price, quantity) : baseOf(instrument, quantity),
      quantity,
    };
  }
  const byQuote = order.quoteQuantity > 0n;
  const { steps, quote } = reachOf(order, opposite, instrument, byQuote ? NO_LIMIT : order.quantity);
  if (byQuote && steps === 0) return undefined;
  return { asset, units: buys ? quote : baseOf(instrument, steps), quantity: byQuote ? steps : order.quantity };
}

/** How much of the other side an order can take now: steps, `limit` at most, and their cost in quote units. */
export function reachOf(
  order: Order,
  opposite: BookSide,
  instrument: Instrument,
  limit: number,
): { steps: number; quote: bigint } {
  let steps = 0;
  let quote = 0n;
  for (let i = opposite.prices.length - 1; i >= 0 && steps < limit; i -= 1) {
    const price = opposite.prices[i] ?? 0;
    if (order.price > 0 && !reaches(order, price)) break;
    for (let maker = opposite.levels.get(price)?.head ?? null; maker && steps < limit; maker = maker.next) {
      if (maker.account === order.account && order.prevention !== 'NONE') {
        if (order.prevention === 'EXPIRE_MAKER') continue;
        return { steps, quote };
      }
      let take = Math.min(maker.quantity - maker.filled, limit - steps);
      if (order.quoteQuantity > 0n) {
        const affordable = (order.quoteQuantity - quote) / (BigInt(price) * instrument.productUnits);
        if (affordable < BigInt(take)) take = Number(affordable);
        if (take === 0) return { steps, quote };
      }
      steps += take;
      quote += notional(instrument, price, take);
    }
  }
  return { steps, quote };
}

/** Units of the base asset. */
export function baseOf(instrument: Instrument, steps: number): bigint {
  return BigInt(steps) * instrument.stepUnits;
}
