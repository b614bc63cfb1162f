import type { KnownFeeRates } from '../../stores/journal/books/exchange.ts';

/** Of the symbols those of which the exchange has not said what the account pays: until it does, everything goes by the standard rate. */
export function unknownFees(symbols: readonly string[], known: readonly Pick<KnownFeeRates, 'symbol'>[]): string[] {
  return symbols.filter((each) => known.every(({ symbol }) => symbol !== each));
}

/** Nothing where all of them are known. */
export function unknownFeesLine(symbols: readonly string[]): string[] {
  return symbols.length === 0
    ? []
    : [`what the account pays in fees on ${symbols.join(', ')} is not known yet: the exchange's standard rate counts`];
}
