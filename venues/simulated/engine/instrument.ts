import { formatUnits, parseUnits, UNIT } from './units.ts';

/** One market. Prices are counted in ticks and quantities in steps, both safe integers; money in units of 1e-8. */
export interface Instrument {
  /** Place in the engine's list. */
  index: number;
  /** Binance's name, e.g. `BTCUSDT`. */
  id: string;
  /** The unified name, e.g. `BTC/USDT`. */
  symbol: string;
  base: string;
  quote: string;
  tickUnits: bigint;
  stepUnits: bigint;
  /** Quote units that one step costs at a price of one tick. */
  productUnits: bigint;
  minNotionalUnits: bigint;
  /** Largest price in ticks, quantities in steps. */
  maxPrice: number;
  minQuantity: number;
  maxQuantity: number;
  /** For the price model and for statistics only, never for money. */
  tickNumber: number;
  stepNumber: number;
}

export interface InstrumentSettings {
  symbol: string;
  tickSize: string;
  stepSize: string;
  minNotional: string;
  /** One step where it is left out. */
  minQuantity?: string | undefined;
}

const MAX_COUNT = 1_000_000_000;
/** So far from a whole number a quotient of two decimals may be. */
const ROUNDING = 1e-6;

/** Throws where tick and step do not fit money in units of 1e-8: a fill could then not be booked exactly. */
export function createInstrument(settings: InstrumentSettings, index: number): Instrument {
  const [base, quote] = settings.symbol.split('/');
  const tickUnits = parseUnits(settings.tickSize);
  const stepUnits = parseUnits(settings.stepSize);
  const minNotionalUnits = parseUnits(settings.minNotional);
  if (!base || !quote || !tickUnits || !stepUnits || minNotionalUnits === undefined) {
    throw new Error(
      `${settings.symbol}: tickSize, stepSize and minNotional must have at most eight decimals and be above zero`,
    );
  }
  const product = tickUnits * stepUnits;
  if (product % UNIT !== 0n) {
    throw new Error(`${settings.symbol}: tickSize times stepSize must be a multiple of 0.00000001`);
  }
  return {
    index,
    id: `${base}${quote}`,
    symbol: settings.symbol,
    base,
    quote,
    tickUnits,
    stepUnits,
    productUnits: product / UNIT,
    minNotionalUnits,
    maxPrice: MAX_COUNT,
    minQuantity: Math.max(1, Math.ceil(Number(settings.minQuantity ?? 0) / Number(settings.stepSize) - ROUNDING)),
    maxQuantity: MAX_COUNT,
    tickNumber: Number(settings.tickSize),
    stepNumber: Number(settings.stepSize),
  };
}

export function priceText(instrument: Instrument, ticks: number): string {
  return formatUnits(BigInt(ticks) * instrument.tickUnits);
}

export function quantityText(instrument: Instrument, steps: number): string {
  return formatUnits(BigInt(steps) * instrument.stepUnits);
}

/** Quote units of `steps` at `ticks`, exact. */
export function notional(instrument: Instrument, ticks: number, steps: number): bigint {
  return BigInt(ticks) * BigInt(steps) * instrument.productUnits;
}
