import {
  clamp,
  FLAT_BAND,
  normalQuantile,
  type OutcomeProbabilities,
  outcomeProbabilities,
} from '../statistics/statistics.ts';
import type { AgentAnswer, Opinion, Signal } from './signals.ts';

/*
 * A signal is one distribution of the return over its horizon, and its expected return, its uncertainty and its probabilities are three looks at
 * it. Where they contradict each other the probabilities are believed: they are what a person reads and what is scored.
 */

/** A normal distribution of a return: its mean and its standard deviation. */
export type Normal = Pick<Signal, 'expectedReturn' | 'uncertainty'>;

/** Chances within so much of each other, half of the sum of their distances, are the same. */
const SAME_CHANCES = 0.02;
/** A mean may lie so many deviations from what the chances say: a Student-t, or a hundred draws, have it so. */
const MEAN_APART = 0.25;
/** A deviation may be so many times what the chances say, or so much less: half of it is in the tails of a Student-t of 2.5 degrees of freedom. */
const SPREAD_APART = 3;
/** A chance below this says of no tail how far away it lies. */
const LEAST_CHANCE = 0.001;
/** The bounds of a signal, and one basis point. */
const MOST_RETURN = 0.5;
const UNCERTAINTY = { least: 0.0001, most: 1 };

/**
 * The normal distribution that has these chances of ending above, within and below ±`band`: z_u = Φ⁻¹(1 − u) = (b − μ)/σ and z_d = Φ⁻¹(d) =
 * (−b − μ)/σ, so that σ = 2b/(z_u − z_d) and μ = b − σ·z_u.
 *
 * @returns undefined where a chance is below a thousandth, so that no one normal follows
 */
export function impliedNormal({ up, flat, down }: OutcomeProbabilities, band: number = FLAT_BAND): Normal | undefined {
  if (!(Math.min(up, flat, down) >= LEAST_CHANCE)) return undefined;
  // They add up to 1 only within a rounding.
  const total = up + flat + down;
  const above = normalQuantile(1 - up / total);
  const uncertainty = (2 * band) / (above - normalQuantile(down / total));
  return { expectedReturn: band - uncertainty * above, uncertainty };
}

/** Whether expected return and uncertainty are what the probabilities say, within what another form of distribution, or sampling, explains. */
export function agrees({
  probabilities,
  expectedReturn,
  uncertainty,
}: Pick<Signal, 'probabilities'> & Normal): boolean {
  const said = outcomeProbabilities(expectedReturn, Math.max(uncertainty, UNCERTAINTY.least));
  const { up, flat, down } = probabilities;
  const apart = (Math.abs(said.up - up) + Math.abs(said.flat - flat) + Math.abs(said.down - down)) / 2;
  if (apart <= SAME_CHANCES) return true;
  const implied = impliedNormal(probabilities);
  if (!implied) return false;
  const ratio = uncertainty / implied.uncertainty;
  const widest = Math.max(uncertainty, implied.uncertainty);
  return (
    Math.abs(expectedReturn - implied.expectedReturn) <= MEAN_APART * widest &&
    ratio <= SPREAD_APART &&
    ratio >= 1 / SPREAD_APART
  );
}

/** The signal, rebuilt from its probabilities where it contradicts them; undefined where nothing can be made of these. */
export function agreeing(signal: Signal): Signal | undefined {
  if (agrees(signal)) return signal;
  const implied = impliedNormal(signal.probabilities);
  if (!implied) return undefined;
  const { expectedReturn, uncertainty } = signal;
  return {
    ...signal,
    expectedReturn: clamp(implied.expectedReturn, -MOST_RETURN, MOST_RETURN),
    uncertainty: clamp(implied.uncertainty, UNCERTAINTY.least, UNCERTAINTY.most),
    rebuilt: { by: 'probabilities', expectedReturn, uncertainty },
  };
}

/** Each view as it may be pooled and scored. One of which nothing can be made is an abstention that says so: the other symbols keep theirs. */
export function agreeingAnswer(answer: AgentAnswer): AgentAnswer {
  return { ...answer, opinions: answer.opinions.map(agreeingOpinion) };
}

function agreeingOpinion(opinion: Opinion): Opinion {
  if (opinion.kind === 'abstention') return opinion;
  const { agentId, symbol } = opinion;
  return (
    agreeing(opinion) ?? {
      kind: 'abstention',
      agentId,
      symbol,
      reason: 'invalid_answer',
      detail: contradiction(opinion),
    }
  );
}

/** In words, for whoever made it. */
export function contradiction({ probabilities, expectedReturn, uncertainty }: Signal): string {
  const bps = (fraction: number): string => `${(fraction * 10_000).toFixed(1)} bps`;
  const { up, flat, down } = probabilities;
  const chances = [up, flat, down].map((chance) => chance.toFixed(3)).join(' / ');
  return `The expected return of ${bps(expectedReturn)} ± ${bps(uncertainty)} contradicts the chances of up, flat and down (${chances}), and no distribution follows from a chance of 0: say each with at least ${LEAST_CHANCE}.`;
}
