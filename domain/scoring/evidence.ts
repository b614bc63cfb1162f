import type { ScorePeriod } from './periods.ts';

/** Something that was seen once in a period: of one symbol, or the mean over several. */
export interface Observation {
  horizonMs: number;
  endsAt: number;
  value: number;
}

/** By length, then by time, then by symbol: neighbours in time stand beside each other. */
export function inOrder(one: ScorePeriod, other: ScorePeriod): number {
  return one.horizonMs - other.horizonMs || one.endsAt - other.endsAt || (one.symbol < other.symbol ? -1 : 1);
}

const DAY_MS = 86_400_000;
/** What an agent said weeks ago says less of the model that it runs today. */
export const SCORE_HALF_LIFE_MS = 30 * DAY_MS;

export type Weight = (observation: Pick<Observation, 'endsAt'>) => number;

/** Of an observation as it counts at a moment. */
export function weightAt(at: number): Weight {
  return ({ endsAt }) => 0.5 ** (Math.max(0, at - endsAt) / SCORE_HALF_LIFE_MS);
}

/** How much a mean of observations says. */
export interface Evidence {
  /** So many horizons without overlap and of equal weight would say as much: Kish's (Σw)²/Σw². */
  horizons: number;
  mean: number;
  /** Standard error of the mean. */
  error: number;
  /** Mean over its standard error, which is 1 of itself where there is nothing to know. */
  z: number;
}

/**
 * The weighted mean of observations of which neighbours overlap: signals at the end of a period and at the begin of the next know parts of the
 * same horizon, others do not. The standard error therefore has the products of neighbours beside the squares (Hansen and Hodrick 1980, with
 * one lag); products that would make it smaller are left out. It is taken about 0, as if there were nothing to know, so that
 * three lucky periods without any spread are no certainty: |z| ≤ √horizons.
 *
 * Periods of several lengths are taken to know the same hours, so that their errors are added as they are, and the roots of their Σw² too: who says one thing
 * over an hour and over four comes to no more horizons than the richest length has by itself, and to no higher z than the luckiest.
 *
 * @param observations at most one for each period, in the order of `inOrder`
 * @param leastSpread that an observation is taken to have, whatever was seen
 */
export function evidenceOf(
  observations: readonly Observation[],
  weightOf: Weight = () => 1,
  leastSpread = 0,
): Evidence {
  let [sum, total, root, error] = [0, 0, 0, 0];
  for (const series of Map.groupBy(observations, ({ horizonMs }) => horizonMs).values()) {
    const own = sumsOf(series, weightOf);
    sum += own.sum;
    total += own.total;
    root += Math.sqrt(own.totalSquared);
    error += Math.sqrt(own.squares + Math.max(0, own.products) + leastSpread ** 2 * own.totalSquared);
  }
  if (total === 0) return { horizons: 0, mean: 0, error: 0, z: 0 };
  return {
    horizons: (total / root) ** 2,
    mean: sum / total,
    error: error / total,
    z: error > 0 ? sum / error : 0,
  };
}

/** Of periods of one length. */
function sumsOf(observations: readonly Observation[], weightOf: Weight) {
  const sums = { sum: 0, total: 0, totalSquared: 0, squares: 0, products: 0 };
  let before: { endsAt: number; weighted: number } | undefined;
  for (const observation of observations) {
    const { horizonMs, endsAt } = observation;
    const weight = weightOf(observation);
    const weighted = weight * observation.value;
    if (before?.endsAt === endsAt - horizonMs) sums.products += 2 * before.weighted * weighted;
    sums.sum += weighted;
    sums.total += weight;
    sums.totalSquared += weight ** 2;
    sums.squares += weighted ** 2;
    before = { endsAt, weighted };
  }
  return sums;
}

/** So much time the periods are of; several lengths know the same hours, so that the richest counts. */
export function timeOf(observations: readonly Observation[]): number {
  const series = [...Map.groupBy(observations, ({ horizonMs }) => horizonMs)];
  return Math.max(0, ...series.map(([horizonMs, each]) => each.length * horizonMs));
}

/** A period beside the market as it was known when the first of its signals was given. */
export interface KnownPeriod extends ScorePeriod {
  /** Mean direction, −1 to 1, of the moves that had ended by then: the lean of one who knows the frequencies alone. */
  climate: number;
  /** How often up, flat and down had come by then. */
  frequencies: { up: number; flat: number; down: number };
  /** Mean return by then, in the uncertainties that the agent said. */
  drift: number;
}

/** So many periods without a direction are assumed to have gone before: a few hours are no climate. */
const CLIMATE_PRIOR = 200;

/**
 * Each period with what the periods before it say. Principle: a forecaster is held against one that could have been asked at the same moment, never
 * against one that knows what came. The horizons of a period's signals began in the one before it, so that the last one that was known is the one
 * before that.
 */
export function knownPeriods(periods: readonly ScorePeriod[]): KnownPeriod[] {
  const series = new Map<string, { known: number; past: ScorePeriod[]; up: number; down: number; came: number }>();
  return periods.toSorted(inOrder).map((period): KnownPeriod => {
    const name = `${period.horizonMs} ${period.symbol}`;
    const market = series.get(name) ?? { known: 0, past: [], up: 0, down: 0, came: 0 };
    series.set(name, market);
    const knownUntil = period.endsAt - 2 * period.horizonMs;
    for (let next = market.past[market.known]; next && next.endsAt <= knownUntil; next = market.past[market.known]) {
      market.up += next.sums.up / next.sums.count;
      market.down += next.sums.down / next.sums.count;
      market.came += next.sums.returns ? next.sums.returns.outcome / next.sums.returns.count : 0;
      market.known += 1;
    }
    market.past.push(period);
    const { known, up, down, came } = market;
    const frequencies = { up: (up + 1) / (known + 3), down: (down + 1) / (known + 3) };
    return {
      ...period,
      climate: (up - down) / (up + down + CLIMATE_PRIOR),
      frequencies: { ...frequencies, flat: 1 - frequencies.up - frequencies.down },
      drift: came / (known + CLIMATE_PRIOR),
    };
  });
}

/**
 * The mean over the signals of each period, whatever their symbols: symbols move together, and two of them are not two hours.
 * @param periods in the order of `inOrder`
 */
export function observed<Period extends KnownPeriod>(
  periods: readonly Period[],
  sumOf: (period: Period) => number,
  countOf: (period: Period) => number = ({ sums }) => sums.count,
): Observation[] {
  const observations: Observation[] = [];
  let [horizonMs, endsAt, sum, count] = [0, 0, 0, 0];
  const close = (): void => {
    if (count > 0) observations.push({ horizonMs, endsAt, value: sum / count });
    [sum, count] = [0, 0];
  };
  for (const period of periods) {
    if (period.endsAt !== endsAt || period.horizonMs !== horizonMs) close();
    ({ horizonMs, endsAt } = period);
    sum += sumOf(period);
    count += countOf(period);
  }
  close();
  return observations;
}

/**
 * Brier score of the direction that a price which moved had, ¼(0 − y)² … ¼(x − y)², as a gain: Σ(2xy − x²) over the signals after which it moved, with lean x and
 * direction y. A proper score of the chance of up given a move (a score under a condition on the outcome stays proper for what is
 * said under it: Holzmann and Klar 2017), and exactly
 * 0 for who says nothing of the direction: how far the price moves earns nothing.
 */
export function gainOverNothing({ sums }: KnownPeriod): number {
  return 2 * sums.leanRight - sums.leanSquared;
}

/**
 * The same with the market's drift, as it was known before, taken off what came: Σ(2x(y − r) − x²). One that leans as the market does gains nothing
 * by it.
 */
export function gainBeyondDrift(period: KnownPeriod): number {
  return gainOverNothing(period) - 2 * period.climate * period.sums.lean;
}

/** Σ x(y − r): whether the direction was right, however sure. */
export function rightBeyondDrift({ sums, climate }: KnownPeriod): number {
  return sums.leanRight - climate * sums.lean;
}
