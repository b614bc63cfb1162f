/** Statistics over plain numbers: estimates, never money. Returns are natural-log returns unless a name says otherwise. */

/** A move smaller than a round trip usually costs is called flat, by every agent alike: 20 basis points. */
export const FLAT_BAND = 0.002;

export interface OutcomeProbabilities {
  up: number;
  flat: number;
  down: number;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length;
}

/** Sample standard deviation (n − 1); 0 for fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return Math.sqrt(values.reduce((total, value) => total + (value - centre) ** 2, 0) / (values.length - 1));
}

/** One value fewer than there are prices. Prices must be above zero. */
export function logReturns(prices: readonly number[]): number[] {
  return prices.slice(1).map((price, index) => Math.log(price / (prices[index] ?? price)));
}

/**
 * Weighted mean and deviation in which a value's weight halves every `halfLife` values of age; the last value is the newest.
 * `effectiveCount` is Kish's (Σw)²/Σw²: that many equally weighted values would be as informative.
 */
export function recencyWeighted(
  values: readonly number[],
  halfLife: number,
): { mean: number; deviation: number; effectiveCount: number } {
  const decay = 0.5 ** (1 / halfLife);
  const weights = values.map((_, index) => decay ** (values.length - 1 - index));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return { mean: 0, deviation: 0, effectiveCount: 0 };
  const weighted = (of: (value: number) => number) =>
    values.reduce((sum, value, index) => sum + (weights[index] ?? 0) * of(value), 0) / total;
  const centre = weighted((value) => value);
  const effectiveCount = total ** 2 / weights.reduce((sum, weight) => sum + weight ** 2, 0);
  return { mean: centre, deviation: Math.sqrt(weighted((value) => (value - centre) ** 2)), effectiveCount };
}

/** Distribution function of the standard normal, absolute error below 8e-8 (Abramowitz and Stegun 26.2.17). */
export function normalCdf(x: number): number {
  if (x > 0) return 1 - normalCdf(-x);
  const t = 1 / (1 - 0.2316419 * x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return clamp(density * series, 0, 0.5);
}

/** The value that a standard normal stays below with a chance of `share`, within (0, 1), by halving: as exact as `normalCdf`. */
export function normalQuantile(share: number): number {
  let [low, high] = [-8, 8];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Chances that a normally distributed return ends above, within or below ±`band`. They add up to 1.
 * @param uncertainty standard deviation of the return, above zero
 */
export function outcomeProbabilities(
  expectedReturn: number,
  uncertainty: number,
  band: number = FLAT_BAND,
): OutcomeProbabilities {
  const up = normalCdf((expectedReturn - band) / uncertainty);
  const down = normalCdf((-expectedReturn - band) / uncertainty);
  return { up, flat: Math.max(0, 1 - up - down), down };
}

/** A market that stood still may move nevertheless; the floor also keeps every later division by an uncertainty finite. */
const MIN_UNCERTAINTY = 0.0001;

/** Standard deviation of a return over some minutes, from that of one minute: σ·√minutes, within 1 basis point and 1. */
export function uncertaintyOver(deviationPerMinute: number, minutes: number): number {
  return clamp(deviationPerMinute * Math.sqrt(minutes), MIN_UNCERTAINTY, 1);
}
