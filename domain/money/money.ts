import { Decimal as DecimalBase } from 'decimal.js';
import type { Tagged } from './tagged.ts';

/**
 * Money, prices and quantities. Inside the domain they are `Decimal`; at every boundary they are `DecimalText`.
 * 34 significant digits hold any product of an exchange price and quantity exactly.
 */
export const Decimal = DecimalBase.clone({
  precision: 34,
  rounding: DecimalBase.ROUND_HALF_EVEN,
  toExpNeg: -40,
  toExpPos: 40,
});
export type Decimal = DecimalBase;

/** A decimal number in plain notation, e.g. `"0.00012"`: never exponent form, never a float. */
export type DecimalText = string;
/** Quote currency for one unit of the base asset. */
export type Price = Tagged<DecimalText, 'price'>;
/** Of the base asset. */
export type Quantity = Tagged<DecimalText, 'quantity'>;
/** An amount in the quote currency. */
export type Money = Tagged<DecimalText, 'money'>;

export const decimalPattern = /^-?(0|[1-9]\d*)(\.\d+)?$/;

export const ZERO: Decimal = new Decimal(0);

export function decimal(value: DecimalText | Decimal | number): Decimal {
  return new Decimal(value);
}

/** Plain notation without trailing zeros, of the kind that is asked for: what is calculated bears none of its own. */
export function text<Kind extends DecimalText = DecimalText>(value: Decimal): Kind {
  return (value.isZero() ? '0' : value.toFixed()) as Kind;
}

/** The largest multiple of `step` that is not above `value` (towards zero for negative values). */
export function floorToStep(value: Decimal, step: Decimal): Decimal {
  return value.div(step).trunc().times(step);
}

/** The smallest multiple of `step` that is not below `value`. */
export function ceilToStep(value: Decimal, step: Decimal): Decimal {
  return value.div(step).ceil().times(step);
}

export function sum(values: Iterable<Decimal>): Decimal {
  let total = ZERO;
  for (const value of values) total = total.plus(value);
  return total;
}

export function min(first: Decimal, ...rest: Decimal[]): Decimal {
  return Decimal.min(first, ...rest);
}

export function max(first: Decimal, ...rest: Decimal[]): Decimal {
  return Decimal.max(first, ...rest);
}
