import type { CycleRecord } from '../../contracts/cycle.ts';
import type { DecimalText } from '../../domain/money/money.ts';

/** How many cycles back a price is looked for. */
export const PRICE_CYCLES = 20;

/** The middle of the best bid and ask as a cycle saw it. */
export interface KnownPrice {
  mid: DecimalText;
  at: number;
}

/** The newest price of each symbol in these decision records, newest first: what a person is shown needs no exchange that answers. */
export function knownPrices(cycles: readonly Pick<CycleRecord, 'snapshot'>[]): Map<string, KnownPrice> {
  const prices = new Map<string, KnownPrice>();
  for (const { snapshot } of cycles) {
    for (const [symbol, mid] of Object.entries(snapshot?.mids ?? {})) {
      if (snapshot && !prices.has(symbol)) prices.set(symbol, { mid, at: snapshot.takenAt });
    }
  }
  return prices;
}
