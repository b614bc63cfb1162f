import type { Candle, Instrument } from '../../domain/market/market.ts';
import { finalAt } from '../../domain/market/minutes.ts';
import { outcomeOf } from '../../domain/scoring/periods.ts';
import { type Split, type SplitTimes, splitOf } from '../../domain/scoring/training.ts';
import { featuresOf } from '../agents/language-models/features.ts';
import type { BookSnapshotRow, CandleRow, ConsensusRow, SignalRow } from './rows.ts';

const MINUTE_MS = 60_000;
/** Candles that a decision saw at most; what is younger than the oldest of them is what the features are made of. */
const WINDOW = 120;

/** What was known of one symbol at one decision, and what came after. */
export interface Sample {
  cycleId: string;
  symbol: string;
  /** When everything but the label was known: the snapshot's time. */
  knownAt: number;
  labelAt: number;
  split: Split;
  mid: number;
  features: Record<string, number>;
  signals: SignalRow[];
  consensus: ConsensusRow | undefined;
  finalPrice: number;
  /** Log return from the mid to the close of the minute in which the horizon ends. */
  logReturn: number;
  outcome: 'up' | 'flat' | 'down';
}

/** Why a decision makes no sample. */
export interface LeftOut {
  noFeatures: number;
  noLabel: number;
  embargo: number;
}

/** Candles of a symbol in the order of time, with a way to those of a moment. */
export class CandleSeries {
  readonly #rows: readonly CandleRow[];
  readonly #byMinute = new Map<number, CandleRow>();

  constructor(rows: readonly CandleRow[]) {
    this.#rows = rows;
    for (const row of rows) this.#byMinute.set(row.openedAt, row);
  }

  /** The last ones that had closed by then, back to the last gap: never one that ends later. */
  closedBy(at: number, most = WINDOW): Candle[] {
    let [low, high] = [0, this.#rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle]?.openedAt ?? 0) + MINUTE_MS <= at) low = middle + 1;
      else high = middle;
    }
    const found: Candle[] = [];
    for (let index = low - 1; index >= 0 && found.length < most; index -= 1) {
      const row = this.#rows[index];
      const after = found.at(-1);
      if (!row || (after && row.openedAt !== after.openAt - MINUTE_MS)) break;
      found.push({
        openAt: row.openedAt,
        open: row.open,
        high: row.high,
        low: row.low,
        close: row.close,
        volume: row.volume,
      });
    }
    return found.toReversed();
  }

  /** Close of the minute that a moment lies in. */
  closeAt(at: number): number | undefined {
    const row = this.#byMinute.get(Math.floor(at / MINUTE_MS) * MINUTE_MS);
    return row && Number(row.close);
  }
}

/**
 * One sample of a decision. The features are made by the function that makes them for language models, from what the decision saw; the label by
 * the rule by which signals are scored.
 */
export function sampleOf(
  book: BookSnapshotRow,
  candles: CandleSeries,
  of: { horizonMs: number; times: SplitTimes; signals: SignalRow[]; consensus: ConsensusRow | undefined },
  left: LeftOut,
): Sample | undefined {
  const { symbol, takenAt } = book;
  const features = featuresOf({
    // Of the instrument, features look at the symbol alone.
    instrument: { symbol } as Instrument,
    candles: candles.closedBy(takenAt),
    book: book.levels,
  });
  if (typeof features === 'string') {
    left.noFeatures += 1;
    return undefined;
  }
  const horizonEnd = takenAt + of.horizonMs;
  const finalPrice = candles.closeAt(horizonEnd);
  const mid = features.mid.toNumber();
  if (finalPrice === undefined || !(finalPrice > 0)) {
    left.noLabel += 1;
    return undefined;
  }
  const labelAt = finalAt(horizonEnd);
  const split = splitOf(of.times, takenAt, labelAt);
  if (!split) {
    left.embargo += 1;
    return undefined;
  }
  return {
    cycleId: book.cycleId,
    symbol,
    knownAt: takenAt,
    labelAt,
    split,
    mid,
    features: Object.fromEntries(features.evidence.map(({ id, value }) => [id.slice(symbol.length + 1), value])),
    signals: of.signals,
    consensus: of.consensus,
    finalPrice,
    logReturn: Math.log(finalPrice / mid),
    outcome: outcomeOf(finalPrice / mid - 1),
  };
}
