import { candlesOf } from '../../../domain/market/frames.ts';
import type { MarketSnapshot, SymbolSnapshot } from '../../../domain/market/market.ts';
import { lengthOf, type Timeframe, timeframes } from '../../../domain/market/timeframes.ts';
import { readBook } from '../../../domain/quoting/market-making.ts';
import { outcomeOf } from '../../../domain/scoring/periods.ts';
import { closingPrices } from '../../../domain/signals/baseline.ts';
import { logReturns, standardDeviation } from '../../../domain/statistics/statistics.ts';
import { type Evidence, featuresOf, rangePosition, type Series, type SymbolFeatures } from './features.ts';

const BPS = 10_000;
/** Fewer windows of a horizon tell nothing of how often what comes. */
const MIN_WINDOWS = 20;

/** A return over so many candles of a length, up to now. */
const returns = [
  ['return_4h_bps', '15m', 16],
  ['return_1d_bps', '1h', 24],
  ['return_7d_bps', '4h', 42],
  ['return_30d_bps', '1d', 30],
] as const;
/** A deviation over so many candles of a length. */
const volatilities = [
  ['volatility_4h_bps', '15m', 16],
  ['volatility_1d_bps', '1h', 24],
] as const;
/** Among the closes over the time that the name says: of so many candles, and the one before them. */
const ranges = [
  ['range_position_1d', '15m', 96],
  ['range_position_30d', '1d', 30],
] as const;
/** The last returns one after the other, oldest first. */
const series = [
  ['returns_15m_bps', '15m', 8],
  ['returns_4h_bps', '4h', 6],
  ['returns_1d_bps', '1d', 7],
] as const;

/**
 * What a person would look at beside the last two hours: longer moves, how wide they are, how often what comes over the horizon, what a trade costs, and what Bitcoin
 * did. Made of what the snapshot has; what it lacks is left out.
 * @returns a sentence instead when the snapshot does not support even the last two hours
 */
export function widerFeaturesOf(
  one: SymbolSnapshot,
  { market, horizonMs }: { market: MarketSnapshot; horizonMs: number },
): SymbolFeatures | string {
  const features = featuresOf(one);
  if (typeof features === 'string') return features;
  const { symbol } = features;
  const closes = (timeframe: Timeframe): number[] => closesOf(one, timeframe, market.takenAt);
  const numbers: [string, number][] = [
    ...longMoves(features.mid.toNumber(), closes),
    ...ranges.flatMap(([name, timeframe, count]): [string, number][] => {
      const found = closes(timeframe).slice(-count);
      return found.length < count ? [] : [[name, rangePosition(found)]];
    }),
    ...baseRates(closes, horizonMs),
    ['round_trip_cost_bps', roundTripCost(one)],
    ...bitcoin(one, market),
  ];
  const shown = numbers.filter(([, value]) => Number.isFinite(value));
  return {
    ...features,
    evidence: [
      ...features.evidence,
      ...shown.map(([name, value]): Evidence => ({ id: `${symbol}.${name}`, value: rounded(value) })),
    ],
    series: series.flatMap(([name, timeframe, count]): Series[] => {
      const values = logReturns(closes(timeframe)).slice(-count);
      return values.length < count
        ? []
        : [{ id: `${symbol}.${name}`, values: values.map((value) => rounded(value * BPS, 1)) }];
    }),
  };
}

function longMoves(mid: number, closes: (timeframe: Timeframe) => number[]): [string, number][] {
  return [
    ...returns.flatMap(([name, timeframe, count]): [string, number][] => {
      const before = closes(timeframe).at(-count - 1);
      return before === undefined ? [] : [[name, Math.log(mid / before) * BPS]];
    }),
    ...volatilities.flatMap(([name, timeframe, count]): [string, number][] => {
      const found = logReturns(closes(timeframe));
      return found.length < count ? [] : [[name, standardDeviation(found) * Math.sqrt(count) * BPS]];
    }),
  ];
}

/** How often the return over a horizon was up, flat and down, of the candles that look back furthest. */
function baseRates(closes: (timeframe: Timeframe) => number[], horizonMs: number): [string, number][] {
  const sized = timeframes.flatMap((timeframe) => {
    const steps = horizonMs / lengthOf(timeframe);
    const found = Number.isInteger(steps) && steps > 0 ? closes(timeframe) : [];
    const windows = found.length - steps;
    return windows < MIN_WINDOWS ? [] : [{ found, steps, windows, spanMs: found.length * lengthOf(timeframe) }];
  });
  const [longest] = sized.toSorted((one, other) => other.spanMs - one.spanMs);
  if (!longest) return [];
  const { found, steps, windows } = longest;
  const outcomes = found.slice(steps).map((price, index) => outcomeOf(price / (found[index] ?? price) - 1));
  const rate = (outcome: string): number => outcomes.filter((each) => each === outcome).length / windows;
  return [
    ['base_rate_up', rate('up')],
    ['base_rate_flat', rate('flat')],
    ['base_rate_down', rate('down')],
    ['base_rate_horizons', windows / steps],
  ];
}

/** Fees of buying and selling, and the spread between. */
function roundTripCost({ instrument: { takerFeeRate }, book }: SymbolSnapshot): number {
  const read = readBook(book);
  if (read === undefined) return Number.NaN;
  const spread = read.asks[0].price.minus(read.bids[0].price).div(read.mid).toNumber();
  return (2 * Number(takerFeeRate) + spread) * BPS;
}

/** Of the others: most of them follow it. */
function bitcoin(
  { instrument: { base, quote } }: SymbolSnapshot,
  { symbols, takenAt }: MarketSnapshot,
): [string, number][] {
  const leader =
    base === 'BTC'
      ? undefined
      : symbols.find(({ instrument }) => instrument.base === 'BTC' && instrument.quote === quote);
  const mid = leader && readBook(leader.book)?.mid.toNumber();
  if (!leader || mid === undefined) return [];
  const moves = [
    ['btc_return_15m_bps', '1m', 15],
    ['btc_return_60m_bps', '1m', 60],
    ['btc_return_4h_bps', '15m', 16],
    ['btc_return_1d_bps', '1h', 24],
  ] as const;
  return moves.flatMap(([name, timeframe, count]): [string, number][] => {
    const before = closesOf(leader, timeframe, takenAt).at(-count - 1);
    return before === undefined ? [] : [[name, Math.log(mid / before) * BPS]];
  });
}

/** Closes without a gap up to one that has just ended; none where there is no such one. */
function closesOf(one: SymbolSnapshot, timeframe: Timeframe, takenAt: number): number[] {
  const candles = candlesOf(one, timeframe);
  const lengthMs = lengthOf(timeframe);
  const newest = candles.at(-1);
  if (newest === undefined || newest.openAt + 2 * lengthMs < takenAt - lengthMs) return [];
  const broken = candles.findLastIndex(
    ({ openAt }, index) => index > 0 && openAt !== (candles[index - 1]?.openAt ?? 0) + lengthMs,
  );
  return closingPrices(candles.slice(Math.max(0, broken))) ?? [];
}

function rounded(value: number, digits = 3): number {
  return Number(value.toFixed(digits));
}
