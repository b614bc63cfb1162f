import type { CycleRecord } from '../../contracts/cycle.ts';
import type { DecimalText } from '../../domain/money/money.ts';
import type { EquityMarks } from '../../stores/journal/books/ledger.ts';

/** How many cycles back a price is looked for. */
export const PRICE_CYCLES = 20;

/** The middle of the best bid and ask as a cycle saw it. */
export interface KnownPrice {
  mid: DecimalText;
  at: number;
}

/**
 * The newest price of each symbol in these decision records, newest first, and in the last mark: what a person is shown needs no exchange that answers. A
 * cycle's prices are younger than its snapshot, and are of dust too; one that trading is halted for has no snapshot. While it is halted no cycle runs, and
 * the marks go on.
 */
export function knownPrices(
  cycles: readonly Pick<CycleRecord, 'snapshot' | 'prices'>[],
  marks: Pick<EquityMarks, 'at' | 'prices'> | undefined,
): Map<string, KnownPrice> {
  const known = new Map<string, KnownPrice>();
  for (const [symbol, mid] of Object.entries(marks?.prices ?? {})) known.set(symbol, { mid, at: marks?.at ?? 0 });
  for (const { prices, snapshot } of cycles) {
    for (const seen of [prices, snapshot]) {
      for (const [symbol, mid] of Object.entries(seen?.mids ?? {})) {
        const { at = Number.NEGATIVE_INFINITY } = known.get(symbol) ?? {};
        if (seen && seen.takenAt > at) known.set(symbol, { mid, at: seen.takenAt });
      }
    }
  }
  return known;
}
