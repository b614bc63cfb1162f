import { outcomeProbabilities } from '../statistics/statistics.ts';
import { type Calibration, calibrated } from './calibration.ts';
import type { Signal } from './signals.ts';

/** A distribution of the return over the horizon of a question. */
export interface View extends Pick<Signal, 'probabilities' | 'expectedReturn' | 'uncertainty'> {
  /** Standard deviation of the expected return itself, as an estimate; absent where the agent is taken at its word. */
  error?: number | undefined;
}

/** When the question is asked, and over which horizon. Milliseconds; the exchange's clock. */
export interface Asked {
  takenAt: number;
  horizonMs: number;
}

/** What is left of the time that a signal looks ahead; one that was formed after the snapshot is as old as it. Not above 0: it is over. */
export function horizonLeft({ horizonMs, formedAt }: Pick<Signal, 'horizonMs' | 'formedAt'>, takenAt: number): number {
  return Math.min(horizonMs, (formedAt ?? takenAt) + horizonMs - takenAt);
}

/**
 * What is believed of a signal over its own horizon, brought to that of the question.
 *
 * First what of it is over is taken away: with h' left of h, μ' = μ·h'/h and σ' = σ·√(h'/h), since a drift grows with time and a deviation with its
 * root. Then to the question's horizon H: of the time beyond its own a shorter view says nothing, so that its mean stays and σ = σ'·√(H/h'); of a
 * longer one the part within H is taken, μ = μ'·H/h', σ = σ'·√(H/h'). The probabilities are anew those of the normal, but of a view that is over
 * just this horizon and was taken at its word, which keeps its own.
 *
 * @returns undefined where the signal's own horizon is over
 */
export function viewOver(signal: Signal, asked: Asked, calibration?: Calibration): View | undefined {
  const left = horizonLeft(signal, asked.takenAt);
  if (!(left > 0)) return undefined;
  const believed = calibration ? calibrated(signal, calibration) : { expectedReturn: signal.expectedReturn };
  if (!calibration && left === asked.horizonMs && left === signal.horizonMs) {
    const { probabilities, expectedReturn, uncertainty } = signal;
    return { probabilities, expectedReturn, uncertainty };
  }
  const share = (left / signal.horizonMs) * Math.min(1, asked.horizonMs / left);
  const expectedReturn = believed.expectedReturn * share;
  const uncertainty = signal.uncertainty * Math.sqrt(asked.horizonMs / signal.horizonMs);
  return {
    probabilities: outcomeProbabilities(expectedReturn, Math.max(uncertainty, LEAST_UNCERTAINTY)),
    expectedReturn,
    uncertainty,
    ...('error' in believed ? { error: believed.error * share } : {}),
  };
}

/** One basis point: a division by it stays finite. */
const LEAST_UNCERTAINTY = 0.0001;
