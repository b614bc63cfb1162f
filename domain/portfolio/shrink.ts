import { type Decimal, sum, text } from '../money/money.ts';
import type { Refusal } from '../orders/refusal.ts';
import type { RiskVerdict } from './portfolio.ts';

/** What is to be held or bought of one symbol, in the quote currency. */
export interface Amount {
  symbol: string;
  notional: Decimal;
}

/**
 * Shrinks amounts that come under one limit to `room`, by one factor.
 *
 * @returns a verdict for each of them, with what it was and what it is; none where all of them fit
 */
export function shrink(amounts: readonly Amount[], room: Decimal, refusal: Refusal): RiskVerdict[] {
  const total = sum(amounts.map(({ notional }) => notional));
  if (total.lessThanOrEqualTo(room)) return [];
  return amounts
    .filter(({ notional }) => !notional.isZero())
    .map((one) => {
      const before = one.notional;
      one.notional = before.times(room).div(total);
      return { ...refusal, symbol: one.symbol, before: shown(before), after: shown(one.notional) };
    });
}

function shown(notional: Decimal): string {
  return text(notional.toDecimalPlaces(2));
}
