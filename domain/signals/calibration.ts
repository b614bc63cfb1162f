import { clamp } from '../statistics/statistics.ts';
import type { Signal } from './signals.ts';

/** What an agent's expected returns are taken for: a posterior of what came on what was said. How it is formed stands in domain/scoring. */
export interface Calibration {
  /** Believed part of an expected return, 0 to 1: the posterior mean of the slope of what came on what was said. */
  slope: number;
  /** Its standard deviation: what is not known of the slope. */
  slopeError: number;
  /** Share of the assumption in it: 1 where there is no record, towards 0 with a long one. */
  prior: number;
  /** Uncertainties that an expected return counts for at most, above 0. */
  limit: number;
}

/**
 * The return that is believed of a signal, and the standard error of that belief. Principle: α = IC·σ·score (Grinold 1994, "Alpha is volatility times
 * IC times score"); the score is the expected return in units of the uncertainty, within the limit, and the slope is the IC as far as the agent
 * has shown one. Nothing is believed beyond what was said, nor against it.
 *
 * @returns fractions over the signal's horizon; the error does not hold the uncertainty of the return itself
 */
export function calibrated(
  { expectedReturn, uncertainty }: Pick<Signal, 'expectedReturn' | 'uncertainty'>,
  { slope, slopeError, limit }: Pick<Calibration, 'slope' | 'slopeError' | 'limit'>,
): { expectedReturn: number; error: number } {
  const counted = clamp(expectedReturn, -limit * uncertainty, limit * uncertainty);
  return { expectedReturn: clamp(slope, 0, 1) * counted, error: slopeError * Math.abs(counted) };
}
