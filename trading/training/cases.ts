import { packed } from '../../domain/market/frames.ts';
import type { Candle, Frame, Instrument, MarketSnapshot, Mode } from '../../domain/market/market.ts';
import { lengthOf, minutesOf, type Timeframe } from '../../domain/market/timeframes.ts';
import { type DecimalText, decimal, max, min, sum, text } from '../../domain/money/money.ts';
import type { BookSnapshotRow, Known } from './rows.ts';
import { CandleSeries } from './samples.ts';

/** A decision of before as an agent saw it, with what came of each symbol over the horizon. */
export interface RecordedCase {
  cycleId: string;
  snapshot: MarketSnapshot;
  /** Realised return by symbol, a fraction. */
  realised: ReadonlyMap<string, number>;
}

export interface CasesWanted {
  mode: Mode;
  horizonMs: number;
  most: number;
  /** What the account pays on each symbol now: what it paid then is not recorded. */
  takerFeeRates: ReadonlyMap<string, DecimalText>;
}

/** Two hours of minutes, and of the longer ones what a week of minutes makes. */
const MINUTES = 120;
const WEEK_MINUTES = 7 * 1_440;
const FRAMES: readonly (readonly [Timeframe, number])[] = [
  ['15m', 96],
  ['1h', 48],
  ['4h', 42],
];

/**
 * Decisions whose horizons have ended and do not overlap, so that each counts by itself; where there are more than wanted, evenly out of all of them. Each is put
 * together from the book that was decided on and from the minutes that had closed by then.
 */
export function casesOf(known: Known, wanted: CasesWanted): RecordedCase[] {
  const series = new Map(
    [...Map.groupBy(known.candles, ({ symbol }) => symbol)].map(([symbol, rows]) => [symbol, new CandleSeries(rows)]),
  );
  const decisions = [...Map.groupBy(known.books, ({ cycleId }) => cycleId).values()].toSorted(
    ([one], [other]) => (one?.takenAt ?? 0) - (other?.takenAt ?? 0),
  );
  const found: RecordedCase[] = [];
  for (const books of decisions) {
    const takenAt = books[0]?.takenAt ?? 0;
    const last = found.at(-1);
    if (last && takenAt < last.snapshot.takenAt + wanted.horizonMs) continue;
    const one = caseOf(books, series, wanted);
    if (one) found.push(one);
  }
  if (found.length <= wanted.most) return found;
  return Array.from(
    { length: wanted.most },
    (_, index) => found[Math.floor((index * found.length) / wanted.most)],
  ).filter((one) => one !== undefined);
}

function caseOf(
  books: readonly BookSnapshotRow[],
  series: ReadonlyMap<string, CandleSeries>,
  { mode, horizonMs, takerFeeRates }: CasesWanted,
): RecordedCase | undefined {
  const [first] = books;
  if (!first) return undefined;
  const { cycleId, takenAt } = first;
  const realised = new Map<string, number>();
  const symbols = books.flatMap(({ symbol, levels, perpetual }) => {
    const minutes = series.get(symbol)?.closedBy(takenAt, WEEK_MINUTES) ?? [];
    const final = series.get(symbol)?.closeAt(takenAt + horizonMs);
    const mid = middle(levels);
    if (minutes.length === 0 || final === undefined || !(mid > 0)) return [];
    realised.set(symbol, final / mid - 1);
    const frames = FRAMES.flatMap(([timeframe, count]) => frameOf(minutes, timeframe, count));
    return [
      {
        instrument: instrumentOf(symbol, takerFeeRates.get(symbol)),
        candles: minutes.slice(-MINUTES),
        frames,
        book: levels,
        ...(perpetual ? { perpetual } : {}),
      },
    ];
  });
  if (symbols.length === 0) return undefined;
  return { cycleId, snapshot: { snapshotId: 'recorded', venue: 'recorded', mode, takenAt, symbols }, realised };
}

/** Agents look at nothing of it but the names and the fee; a fee that is not known is no number, and left out of what is shown. */
function instrumentOf(symbol: string, takerFeeRate: DecimalText = 'unknown'): Instrument {
  const [base = '', quote = ''] = symbol.split('/');
  return { symbol, base, quote, takerFeeRate } as Instrument;
}

function middle({ bids, asks }: BookSnapshotRow['levels']): number {
  return (Number(bids[0]?.[0]) + Number(asks[0]?.[0])) / 2;
}

/** Whole candles of a length, of minutes without a gap. */
function frameOf(minutes: readonly Candle[], timeframe: Timeframe, count: number): Frame[] {
  const lengthMs = lengthOf(timeframe);
  const whole = [...Map.groupBy(minutes, ({ openAt }) => Math.floor(openAt / lengthMs) * lengthMs)].filter(
    ([, part]) => part.length === minutesOf(timeframe),
  );
  const candles = whole.slice(-count).map(([openAt, part]) => packed(together(openAt, part)));
  return candles.length === 0 ? [] : [{ timeframe, candles }];
}

function together(openAt: number, part: readonly Candle[]): Candle {
  const [first] = part;
  const last = part.at(-1);
  if (!first || !last) throw new TypeError('a candle is made of one at least');
  return {
    openAt,
    open: first.open,
    high: text(part.reduce((most, { high }) => max(most, decimal(high)), decimal(first.high))),
    low: text(part.reduce((least, { low }) => min(least, decimal(low)), decimal(first.low))),
    close: last.close,
    volume: text(sum(part.map(({ volume }) => decimal(volume)))),
  };
}
