import type { Book } from '../../../venues/simulated/engine/book.ts';
import { type Instrument, notional } from '../../../venues/simulated/engine/instrument.ts';
import { formatUnits } from '../../../venues/simulated/engine/units.ts';
import { refuse } from './errors.ts';

export const MAX_OPEN_ORDERS = 200;
/** An order's price must be within these multiples of the last price. */
const PRICE_UP = 5;
const PRICE_DOWN = 0.2;

export function filterShapes(instrument: Instrument, maxOpenOrders: number): Array<Record<string, unknown>> {
  const tickSize = formatUnits(instrument.tickUnits);
  const stepSize = formatUnits(instrument.stepUnits);
  const maxQty = formatUnits(BigInt(instrument.maxQuantity) * instrument.stepUnits);
  return [
    {
      filterType: 'PRICE_FILTER',
      minPrice: tickSize,
      maxPrice: formatUnits(BigInt(instrument.maxPrice) * instrument.tickUnits),
      tickSize,
    },
    {
      filterType: 'LOT_SIZE',
      minQty: formatUnits(BigInt(instrument.minQuantity) * instrument.stepUnits),
      maxQty,
      stepSize,
    },
    { filterType: 'ICEBERG_PARTS', limit: 10 },
    { filterType: 'MARKET_LOT_SIZE', minQty: '0.00000000', maxQty, stepSize: '0.00000000' },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE',
      bidMultiplierUp: String(PRICE_UP),
      bidMultiplierDown: String(PRICE_DOWN),
      askMultiplierUp: String(PRICE_UP),
      askMultiplierDown: String(PRICE_DOWN),
      avgPriceMins: 0,
    },
    {
      filterType: 'NOTIONAL',
      minNotional: formatUnits(instrument.minNotionalUnits),
      applyMinToMarket: true,
      maxNotional: '9000000.00000000',
      applyMaxToMarket: false,
      avgPriceMins: 0,
    },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: maxOpenOrders },
    { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: maxOpenOrders },
  ];
}

/** Ticks of a price, or the refusal of the price filter. */
export function priceTicks(instrument: Instrument, units: bigint): number {
  const ticks = units / instrument.tickUnits;
  if (units % instrument.tickUnits !== 0n || ticks < 1n || ticks > BigInt(instrument.maxPrice)) {
    throw refuse.filter('PRICE_FILTER');
  }
  return Number(ticks);
}

/** Steps of a quantity, or the refusal of the lot filter. */
export function quantitySteps(instrument: Instrument, units: bigint): number {
  const steps = units / instrument.stepUnits;
  const { stepUnits, minQuantity, maxQuantity } = instrument;
  if (units % stepUnits !== 0n || steps < BigInt(minQuantity) || steps > BigInt(maxQuantity)) {
    throw refuse.filter('LOT_SIZE');
  }
  return Number(steps);
}

export function checkPriceRange(book: Book, price: number): void {
  if (book.lastPrice === 0) return;
  if (price > book.lastPrice * PRICE_UP || price < book.lastPrice * PRICE_DOWN) {
    throw refuse.filter('PERCENT_PRICE_BY_SIDE');
  }
}

/** @param price ticks, the order's own or the last price for a market order. */
export function checkNotional(instrument: Instrument, price: number, steps: number): void {
  if (notional(instrument, price, steps) < instrument.minNotionalUnits) throw refuse.filter('NOTIONAL');
}
