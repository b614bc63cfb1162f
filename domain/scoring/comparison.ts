import { mean, type OutcomeProbabilities, standardDeviation } from '../statistics/statistics.ts';
import { halfBrier, leanOf, outcomeOf } from './periods.ts';
import { normalCrps } from './returns.ts';

/** A view that was given, or could have been, with what came. Returns are fractions over the horizon. */
export interface Answered {
  /** Views of one case came from one question, and share its luck. */
  caseId: string;
  /** Missing where there was no view. */
  view?: { probabilities: OutcomeProbabilities; expectedReturn: number; uncertainty: number } | undefined;
  realisedReturn: number;
}

export interface Figures {
  asked: number;
  views: number;
  /** Half-Brier score, 0 (perfect) to 1. */
  brier: number;
  /** Continuous ranked probability score of the expected return and its uncertainty, a fraction. */
  crps: number;
  /** Of the views that lean to a side, the share that leaned to the one on which the return came to lie. */
  hitRate: number;
  /** Pearson's, of expected and realised returns. */
  correlation: number;
  /** Mean expected less mean realised return. */
  bias: number;
}

/** Undefined where nobody had a view. */
export function figuresOf(answered: readonly Answered[]): Figures | undefined {
  const viewed = answered.flatMap(({ view, realisedReturn }) => (view ? [{ ...view, realisedReturn }] : []));
  if (viewed.length === 0) return undefined;
  const leaning = viewed.filter(({ probabilities, realisedReturn }) => leanOf(probabilities) * realisedReturn !== 0);
  const right = leaning.filter(({ probabilities, realisedReturn }) => leanOf(probabilities) * realisedReturn > 0);
  const said = viewed.map(({ expectedReturn }) => expectedReturn);
  const came = viewed.map(({ realisedReturn }) => realisedReturn);
  return {
    asked: answered.length,
    views: viewed.length,
    brier: mean(viewed.map(brierOf)),
    crps: mean(viewed.map(crpsOf)),
    hitRate: leaning.length === 0 ? 0 : right.length / leaning.length,
    correlation: correlationOf(said, came),
    bias: mean(said) - mean(came),
  };
}

type Viewed = NonNullable<Answered['view']> & { realisedReturn: number };

function brierOf({ probabilities, realisedReturn }: Viewed): number {
  return halfBrier(probabilities, outcomeOf(realisedReturn));
}

function crpsOf({ expectedReturn, uncertainty, realisedReturn }: Viewed): number {
  return normalCrps(expectedReturn, Math.max(uncertainty, 0.0001), realisedReturn);
}

function correlationOf(one: readonly number[], other: readonly number[]): number {
  const spread = standardDeviation(one) * standardDeviation(other);
  const [first, second] = [mean(one), mean(other)];
  const together = one.reduce((sum, value, index) => sum + (value - first) * ((other[index] ?? second) - second), 0);
  return spread === 0 ? 0 : together / (one.length - 1) / spread;
}

/** A mean difference over cases, with its standard error; the cases do not overlap, so that they count each by itself. */
export interface Difference {
  cases: number;
  mean: number;
  error: number;
}

/**
 * How much worse one is than another by a score that is better the smaller it is, on those questions that both have a view on. Views of one case are one
 * observation. Undefined of fewer than two cases.
 */
export function pairedDifference(
  one: readonly Answered[],
  other: readonly Answered[],
  score: 'brier' | 'crps',
): Difference | undefined {
  const scoreOf = score === 'brier' ? brierOf : crpsOf;
  const pairs = one.flatMap((first, index) => {
    const second = other[index];
    if (!first.view || !second?.view) return [];
    const { caseId, realisedReturn } = first;
    return [
      { caseId, worse: scoreOf({ ...first.view, realisedReturn }) - scoreOf({ ...second.view, realisedReturn }) },
    ];
  });
  const byCase = [...Map.groupBy(pairs, ({ caseId }) => caseId).values()].map((each) =>
    mean(each.map(({ worse }) => worse)),
  );
  if (byCase.length < 2) return undefined;
  return { cases: byCase.length, mean: mean(byCase), error: standardDeviation(byCase) / Math.sqrt(byCase.length) };
}
