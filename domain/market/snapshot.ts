import type { LeftOut, MarketSnapshot, Mode, OrderBook } from './market.ts';

/**
 * A snapshot that is too large to go along with every question: it lies in the market buffer under the SHA-256 of its JSON, all but its id, which
 * is the hash's beginning. Whoever fetches it holds it against hash and length.
 */
export interface SnapshotReference {
  snapshotId: string;
  venue: string;
  mode: Mode;
  takenAt: number;
  /** Hexadecimal, over the JSON in UTF-8. */
  sha256: string;
  bytes: number;
  /** What the cycle itself looks at. */
  tops: Top[];
  setAside?: string[];
  leftOut?: LeftOut[];
}

export interface Top {
  symbol: string;
  /** The best level of each side. */
  book: OrderBook;
  /** Standard deviation of a return over a minute; missing where there are too few candles for it, and in references of earlier releases. */
  deviationAMinute?: number;
}

/** As a cycle hands it on. */
export type CycleSnapshot = MarketSnapshot | SnapshotReference;

/** As a question names it: whoever is asked fetches the prices with all else. */
export type NamedSnapshot = MarketSnapshot | (Omit<SnapshotReference, 'tops'> & { tops: Pick<Top, 'symbol'>[] });

export function named(snapshot: CycleSnapshot): NamedSnapshot {
  if (!isReference(snapshot)) return snapshot;
  return { ...snapshot, tops: snapshot.tops.map(({ symbol }) => ({ symbol })) };
}

export function isReference<T extends NamedSnapshot>(snapshot: T): snapshot is Extract<T, { sha256: string }> {
  return 'sha256' in snapshot;
}

export function symbolsIn(snapshot: NamedSnapshot): string[] {
  if (isReference(snapshot)) return snapshot.tops.map(({ symbol }) => symbol);
  return snapshot.symbols.map(({ instrument: { symbol } }) => symbol);
}

/** The book of each symbol; of a reference its best levels alone. */
export function booksIn(snapshot: CycleSnapshot): { symbol: string; book: OrderBook }[] {
  if (isReference(snapshot)) return snapshot.tops;
  return snapshot.symbols.map(({ instrument: { symbol }, book }) => ({ symbol, book }));
}
