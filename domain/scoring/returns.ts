import { clamp, normalCdf, normalQuantile } from '../statistics/statistics.ts';

/** A forecast of a return, Normal(expectedReturn, uncertainty), with what came. Fractions over the horizon. */
export interface ReturnForecast {
  expectedReturn: number;
  uncertainty: number;
  realisedReturn: number;
  /** Standard deviation of the return that the past of the market said before; missing while that is too short. */
  deviation?: number | undefined;
  /** The horizon ÷ the length of its period, 1 where nothing is said. */
  shareOfPeriod?: number | undefined;
}

/**
 * What the expected returns and uncertainties of a period came to. The score is x = expected return ÷ uncertainty, what came of it y = realised return ÷
 * uncertainty, so that quiet and wild hours count alike.
 */
export interface ReturnSums {
  count: number;
  /** Σ expected return, Σ realised return, Σ its square as it would be over the whole period, which grows with time: fractions. */
  said: number;
  came: number;
  cameSquared: number;
  /** Σx, Σy, Σx², Σxy, Σy². */
  score: number;
  outcome: number;
  scoreSquared: number;
  scoreOutcome: number;
  outcomeSquared: number;
  /** Outcomes within the middle 80 % of what was said. */
  covered: number;
  /** Of those signals before which the market's deviation was known: how many, Σ CRPS, Σ CRPS of Normal(0, deviation). */
  compared: number;
  crps: number;
  referenceCrps: number;
}

/** An uncertainty below a basis point is no statement about a market. */
const LEAST_UNCERTAINTY = 0.0001;
/** No hour of any market is expected to move by more of its deviations. */
const MOST_SCORE = 4;
/** Of outcomes that lie within the interval that coverage is about. */
export const COVERAGE = 0.8;
const HALF_WIDTH = normalQuantile((1 + COVERAGE) / 2);

/**
 * Continuous ranked probability score of a normal forecast, in the units of the outcome; 0 is perfect (Gneiting and Raftery 2007, equation 21,
 * with its sign turned).
 */
export function normalCrps(mean: number, deviation: number, outcome: number): number {
  const z = (outcome - mean) / deviation;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return deviation * (z * (2 * normalCdf(z) - 1) + 2 * density - 1 / Math.sqrt(Math.PI));
}

/** The sums of a period with these forecasts in it. */
export function returnSumsWith(forecasts: readonly ReturnForecast[], before?: ReturnSums): ReturnSums {
  const sums: ReturnSums = before
    ? { ...before }
    : {
        count: 0,
        said: 0,
        came: 0,
        cameSquared: 0,
        score: 0,
        outcome: 0,
        scoreSquared: 0,
        scoreOutcome: 0,
        outcomeSquared: 0,
        covered: 0,
        compared: 0,
        crps: 0,
        referenceCrps: 0,
      };
  for (const { expectedReturn, realisedReturn, deviation, shareOfPeriod = 1, ...said } of forecasts) {
    const uncertainty = Math.max(LEAST_UNCERTAINTY, said.uncertainty);
    const score = clamp(expectedReturn / uncertainty, -MOST_SCORE, MOST_SCORE);
    const outcome = realisedReturn / uncertainty;
    sums.count += 1;
    sums.said += expectedReturn;
    sums.came += realisedReturn;
    sums.cameSquared += realisedReturn ** 2 / shareOfPeriod;
    sums.score += score;
    sums.outcome += outcome;
    sums.scoreSquared += score ** 2;
    sums.scoreOutcome += score * outcome;
    sums.outcomeSquared += outcome ** 2;
    if (Math.abs(realisedReturn - expectedReturn) <= HALF_WIDTH * uncertainty) sums.covered += 1;
    if (deviation === undefined) continue;
    sums.compared += 1;
    sums.crps += normalCrps(expectedReturn, uncertainty, realisedReturn);
    sums.referenceCrps += normalCrps(0, Math.max(LEAST_UNCERTAINTY, deviation), realisedReturn);
  }
  return sums;
}

/** Periods that the deviation of a market is taken from, and the fewest that say something of it. */
export const DEVIATION_PERIODS = { most: 24, least: 12 };

/**
 * Standard deviation about 0 of the return over some periods, which had all ended when something was said that is to be held against it: a day of hours,
 * since volatility comes in bursts. Undefined of too few.
 */
export function deviationOf(periods: readonly Pick<ReturnSums, 'count' | 'cameSquared'>[]): number | undefined {
  if (periods.length < DEVIATION_PERIODS.least) return undefined;
  return Math.sqrt(periods.reduce((sum, { count, cameSquared }) => sum + cameSquared / count, 0) / periods.length);
}
