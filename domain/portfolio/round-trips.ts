import { type Decimal, decimal, type Money, max, type Price, type Quantity, sum, text, ZERO } from '../money/money.ts';
import type { LegId } from '../orders/ids.ts';
import type { Fill, OrderPurpose } from '../orders/orders.ts';
import { baseOf } from './position.ts';

/** A fill with what its order was for. */
export interface TradeFill extends Fill {
  legId: LegId;
  purpose: OrderPurpose;
  /** The least that the exchange takes, in the quote currency: of less than that nothing can be sold. */
  minNotional: Money;
}

/** From the buy that began a holding to the sale that ended it. Prices are averages over the fills, without fees. */
export interface RoundTrip {
  symbol: string;
  /** UTC epoch milliseconds; missing where it began before the fills that are known. */
  openedAt: number | undefined;
  /** Missing while something of it is held. */
  closedAt: number | undefined;
  bought: Quantity;
  sold: Quantity;
  entry: Price | undefined;
  exit: Price | undefined;
  /** Of the last sale. */
  soldFor: OrderPurpose | undefined;
  /** By the asset that they were charged in. */
  fees: Record<string, string>;
  /** The legs that sold. */
  sales: LegId[];
}

/**
 * @param fills of one symbol, the oldest first
 * @param held what of it is held after them, dust included
 */
export function roundTrips(fills: readonly TradeFill[], held: Quantity): RoundTrip[] {
  const trips: TradeFill[][] = [];
  // What was paid in or taken out meanwhile is no fill: it makes no holding less than nothing.
  let quantity = max(ZERO, decimal(held).minus(sum(fills.map(changeOf))));
  let isOpen = false;
  for (const fill of fills) {
    const begins = fill.side === 'buy' && !isOpen && isRest(quantity, fill);
    if (begins || trips.length === 0) trips.push([]);
    trips.at(-1)?.push(fill);
    quantity = max(ZERO, quantity.plus(changeOf(fill)));
    isOpen = fill.side === 'buy' || !isRest(quantity, fill);
  }
  return trips.map((trip, at) => tripOf(trip, { isFirst: at === 0, isLast: at === trips.length - 1, isOpen }));
}

function changeOf({ side, quantity, fee, feeAsset, symbol }: TradeFill): Decimal {
  const ofBase = feeAsset === baseOf(symbol) ? decimal(fee) : ZERO;
  return (side === 'buy' ? decimal(quantity) : decimal(quantity).negated()).minus(ofBase);
}

function isRest(quantity: Decimal, { price, minNotional }: TradeFill): boolean {
  return quantity.times(price).lessThan(minNotional);
}

function tripOf(fills: readonly TradeFill[], place: { isFirst: boolean; isLast: boolean; isOpen: boolean }): RoundTrip {
  const [first] = fills;
  const last = fills.at(-1);
  if (!first || !last) throw new Error('a trip has a fill');
  const [buys, sells] = [fills.filter(({ side }) => side === 'buy'), fills.filter(({ side }) => side === 'sell')];
  const fees: Record<string, string> = {};
  for (const { fee, feeAsset } of fills) fees[feeAsset] = text(decimal(fees[feeAsset] ?? '0').plus(fee));
  return {
    symbol: first.symbol,
    openedAt: first.side === 'buy' ? first.filledAt : undefined,
    closedAt: place.isLast && place.isOpen ? undefined : last.filledAt,
    bought: text(quantityIn(buys)),
    sold: text(quantityIn(sells)),
    entry: averageOf(buys),
    exit: averageOf(sells),
    soldFor: sells.at(-1)?.purpose,
    fees,
    sales: [...new Set(sells.map(({ legId }) => legId))],
  };
}

const quantityIn = (fills: readonly TradeFill[]): Decimal => sum(fills.map(({ quantity }) => decimal(quantity)));

function averageOf(fills: readonly TradeFill[]): Price | undefined {
  const paid = sum(fills.map(({ price, quantity }) => decimal(price).times(quantity)));
  return fills.length === 0 ? undefined : text(paid.div(quantityIn(fills)));
}
