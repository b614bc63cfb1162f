import type { View } from '../signals/horizon.ts';
import { clamp } from '../statistics/statistics.ts';
import type { ConsensusRules } from './participation.ts';

export type Outcome = 'up' | 'flat' | 'down';

/** A view that counts, with its part of the whole. */
export interface Voice {
  view: View;
  /** How much its agent trusts it, 0 to 1. */
  conviction: number;
  /** Of agents whose views come from one kind of source. */
  group: string;
  weight: number;
}

/** Probabilities that add up to 1, with weights that do. */
export interface Weighted {
  probabilities: Record<Outcome, number>;
  weight: number;
}

/** Returns are fractions over the horizon. Where no signal counted there is nothing to pool and every number is 0. */
export interface PooledView {
  direction: Outcome | 'none';
  probabilities: Record<Outcome, number>;
  expectedReturn: number;
  /** Standard deviation of the mixture: the voters' own uncertainty and their disagreement. */
  uncertainty: number;
  /** Standard deviation of the expected return itself, as an estimate; absent where each voter was taken at its word. */
  error?: number | undefined;
  conviction: number;
  dissent: number;
}

/** Probabilities that are pooled by their logarithms are kept off 0 and 1, so that no voter has a veto. */
const CLIP = { low: 0.01, high: 0.99 };

/** Linear opinion pool, P(k) = Σ wᵢ·pᵢ(k) (Stone 1961). */
export function linearPool(shares: readonly Weighted[]): Record<Outcome, number> {
  const of = (outcome: Outcome): number =>
    shares.reduce((total, { probabilities, weight }) => total + weight * probabilities[outcome], 0);
  return { up: of('up'), flat: of('flat'), down: of('down') };
}

/** Logarithmic opinion pool, P(k) ∝ Π pᵢ(k)^wᵢ, of clipped probabilities: externally Bayesian (Genest and Zidek 1986). */
export function logPool(shares: readonly Weighted[]): Record<Outcome, number> {
  if (shares.length === 0) return { up: 0, flat: 0, down: 0 };
  const of = (outcome: Outcome): number =>
    Math.exp(
      shares.reduce(
        (total, { probabilities, weight }) =>
          total + weight * Math.log(clamp(probabilities[outcome], CLIP.low, CLIP.high)),
        0,
      ),
    );
  const [up, flat, down] = [of('up'), of('flat'), of('down')];
  const total = up + flat + down;
  return { up: up / total, flat: flat / total, down: down / total };
}

/**
 * Probabilities by the policy's pool; mean and standard deviation are those of the mixture, σ² = Σ wᵢ(σᵢ² + μᵢ²) − μ², whatever the pool.
 *
 * The direction is the most probable outcome, flat when up and down tie. The conviction is Σ wᵢvᵢ: a voice says its own conviction for that
 * direction when its own most probable outcome is the same, nothing when that is flat, and its conviction against it when it is the opposite;
 * below 0 it is 0. Dissent is the part of the voices whose own most probable outcome is another one.
 *
 * @param voices with weights that add up to 1
 * @param quorate without a quorum there is no direction, and so neither conviction nor dissent
 */
export function pool(
  voices: readonly Voice[],
  quorate: boolean,
  rules: Pick<ConsensusRules, 'pool' | 'minConviction'>,
): PooledView {
  const weighted = (of: (voice: Voice) => number) =>
    voices.reduce((total, voice) => total + voice.weight * of(voice), 0);
  const shares = voices.map(({ view, weight }) => ({ probabilities: normalised(view), weight }));
  const probabilities = rules.pool === 'log' ? logPool(shares) : linearPool(shares);
  const expectedReturn = weighted(({ view }) => view.expectedReturn);
  const variance = weighted(({ view }) => view.uncertainty ** 2 + (view.expectedReturn - expectedReturn) ** 2);
  const error = pooledError(voices);
  const view = {
    probabilities,
    expectedReturn,
    uncertainty: Math.sqrt(variance),
    ...(error === undefined ? {} : { error }),
  };
  if (!quorate) return { ...view, direction: 'none', conviction: 0, dissent: 0 };

  const direction = mostProbable(probabilities);
  const conviction = clamp(
    weighted((voice) => supportFor(direction, voice.view) * voice.conviction),
    0,
    1,
  );
  const dissent = clamp(
    weighted((voice) => (mostProbable(voice.view.probabilities) === direction ? 0 : 1)),
    0,
    1,
  );
  // What is flat asks for nothing, and needs no conviction.
  const held = direction === 'flat' || conviction >= rules.minConviction;
  return { ...view, direction: held ? direction : 'none', conviction, dissent };
}

/**
 * The standard error of Σ wᵢμᵢ: those of one group, which are one opinion said several times, err together and their errors add up; those of
 * different groups err apart and add up by their squares. Undefined where all are taken at their word; one of several that is adds no error.
 */
export function pooledError(voices: readonly Pick<Voice, 'view' | 'group' | 'weight'>[]): number | undefined {
  if (voices.every(({ view }) => view.error === undefined)) return undefined;
  const groups = new Map<string, number>();
  for (const { group, weight, view } of voices) {
    groups.set(group, (groups.get(group) ?? 0) + weight * (view.error ?? 0));
  }
  return Math.hypot(...groups.values());
}

/** Flat where up and down tie. */
export function mostProbable({ up, flat, down }: Record<Outcome, number>): Outcome {
  if (up > flat && up > down) return 'up';
  if (down > flat && down > up) return 'down';
  return 'flat';
}

/** 1 for, 0 beside, −1 against the direction. */
function supportFor(direction: Outcome, { probabilities }: View): number {
  const own = mostProbable(probabilities);
  if (own === direction) return 1;
  return own === 'flat' || direction === 'flat' ? 0 : -1;
}

/** Agents' probabilities add up to 1 only within a rounding; the pool's do exactly. */
function normalised({ probabilities: { up, flat, down } }: View): Record<Outcome, number> {
  const total = up + flat + down;
  return { up: up / total, flat: flat / total, down: down / total };
}
