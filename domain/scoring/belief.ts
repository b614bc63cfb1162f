import type { Calibration } from '../signals/calibration.ts';
import { evidenceOf, type KnownPeriod, type Observation, observed, type Weight, weightAt } from './evidence.ts';
import type { ReturnSums } from './returns.ts';

/**
 * Correlation of what is said with what comes that every agent is assumed to have, and how sure that is: 0.05 is a good forecaster and 0.1 a
 * rare one (Grinold and Kahn 2000, "Active Portfolio Management", chapter 6). It weighs as 1/0.03² = 1,111 horizons.
 */
const ASSUMED_IC = 0.03;
const ASSUMED_IC_ERROR = 0.03;
/** So many horizons count as much as the assumption that scores and outcomes have a size of 1, as Grinold's have. */
const ASSUMED_SIZE_HORIZONS = 24;
/** Sizes that a score counts for at most: a view louder than any before is no better for it. */
const MOST_SIZES = 2;
/** Scores that are smaller on the whole say nothing. */
const LEAST_SIZE = 0.01;
/** An hour of scores is taken to spread by half of what a single one would: a few quiet hours are no certainty. */
const LEAST_SPREAD = 0.5;
const DAY_MS = 86_400_000;

/** What an agent's expected returns and uncertainties turned out to be worth. Means over horizons, older ones for less; fractions where no unit is named. */
export interface ReturnScore {
  /** What the signals are worth as observations without overlap. */
  horizons: number;
  /** Mean of what came less what was said, with its standard error. */
  bias: number;
  biasError: number;
  /** Correlation about 0 of score and outcome, both in units of the uncertainty, beyond the market's drift; with its standard error. */
  informationCoefficient: number;
  informationError: number;
  /** Of the regression of outcomes on scores, with its standard error: 1 for who means what it says. Both 0 where nothing was said. */
  slope: number;
  slopeError: number;
  /** Share of the outcomes in the middle 80 % of what was said. */
  coverage: number;
  /** Continuous ranked probability score, and 1 − that ÷ that of Normal(0, the market's deviation as it was known). Missing before a market was known. */
  crps?: number | undefined;
  crpsSkill?: number | undefined;
  /** 1 − Σ(came − believed)² ÷ Σ came², each believed by the record of before its day alone; with its standard error. */
  believedSkill: number;
  believedError: number;
}

/** A period whose signals have forecasts. */
type Scored = KnownPeriod & { sums: { returns: ReturnSums } };

const hasReturns = (period: KnownPeriod): period is Scored => period.sums.returns !== undefined;

/** Means of the signals of each period. */
const observedOf = (periods: readonly Scored[], sumOf: (sums: ReturnSums, period: Scored) => number) =>
  observed(
    periods,
    (period) => sumOf(period.sums.returns, period),
    ({ sums }) => sums.returns.count,
  );

/** Per period: mean x², y² and x·(y − drift), with what came beyond the market's drift. In one order. */
type Moments = Record<'said' | 'came' | 'product', Observation[]>;

function momentsOf(periods: readonly Scored[]): Moments {
  return {
    said: observedOf(periods, (sums) => sums.scoreSquared),
    came: observedOf(periods, (sums) => sums.outcomeSquared),
    product: observedOf(periods, (sums, { drift }) => sums.scoreOutcome - drift * sums.score),
  };
}

/**
 * Of what came on what was said, through the origin: to say nothing is to say 0. `usual` are the sizes brought towards 1 by how little is known of
 * them.
 */
function regression({ said, came, product: products }: Moments, weightOf: Weight) {
  const { mean: squares, horizons } = evidenceOf(said, weightOf);
  const size = { said: Math.sqrt(squares), came: Math.sqrt(evidenceOf(came, weightOf).mean) };
  const known = horizons / (horizons + ASSUMED_SIZE_HORIZONS);
  const usual = { said: size.said ** known, came: size.came ** known };
  const product = evidenceOf(products, weightOf, LEAST_SPREAD * usual.said * usual.came);
  return { size, usual, product, speaks: size.said >= LEAST_SIZE && size.came > 0 };
}

/** What is believed of an agent of which nothing is known: 0.03 of its expected return, up to two of its uncertainties. */
export const noRecord: Calibration = { slope: ASSUMED_IC, slopeError: ASSUMED_IC_ERROR, prior: 1, limit: MOST_SIZES };

/**
 * What an agent's expected returns are believed. Principle: the assumption is about the agent's skill and not about its manners, so that who
 * exaggerates tenfold is believed a tenth. A slope of IC · (size of outcomes ÷ size of scores) is assumed, and weighed with the slope of the
 * agent's own record by their precisions: the posterior of a normal prior and a normal likelihood. Sizes are brought towards 1 by how little is known of them,
 * as geometric means.
 *
 * @param periods known ones in the order of `inOrder`, with outcomes that were known when the belief is formed
 */
export function beliefOf(periods: readonly KnownPeriod[], weightOf: Weight): Calibration {
  return posterior(regression(momentsOf(periods.filter(hasReturns)), weightOf));
}

function posterior({ size, usual, product, speaks }: ReturnType<typeof regression>): Calibration {
  if (!speaks) return noRecord;
  const ratio = usual.came / usual.said;
  const assumed = { slope: ASSUMED_IC * ratio, error: ASSUMED_IC_ERROR * ratio };
  const own = { slope: product.mean / size.said ** 2, error: product.error / size.said ** 2 };
  const precision = { assumed: 1 / assumed.error ** 2, own: 1 / own.error ** 2 };
  const total = precision.assumed + precision.own;
  const slope = (precision.assumed * assumed.slope + precision.own * own.slope) / total;
  return {
    slope: Math.min(1, Math.max(0, slope)),
    slopeError: Math.min(1, 1 / Math.sqrt(total)),
    prior: precision.assumed / total,
    limit: MOST_SIZES * usual.said,
  };
}

/** @param periods known ones in the order of `inOrder` */
export function returnScoreOf(periods: readonly KnownPeriod[], weightOf: Weight): ReturnScore | undefined {
  const scored = periods.filter(hasReturns);
  if (scored.length === 0) return undefined;
  const moments = momentsOf(scored);
  const { size, product, speaks } = regression(moments, weightOf);
  const per = (unit: number, value: number): number => (speaks ? value / unit : 0);
  const evidence = (sumOf: (sums: ReturnSums, period: Scored) => number) =>
    evidenceOf(observedOf(scored, sumOf), weightOf);
  const bias = evidence((sums) => sums.came - sums.said);
  const slopeOf = outOfSample(moments);
  const gain = evidence((sums, period) => {
    const slope = slopeOf(period);
    return 2 * slope * sums.scoreOutcome - slope ** 2 * sums.scoreSquared;
  });
  return {
    horizons: bias.horizons,
    bias: bias.mean,
    biasError: bias.error,
    informationCoefficient: per(size.said * size.came, product.mean),
    informationError: per(size.said * size.came, product.error),
    slope: per(size.said ** 2, product.mean),
    slopeError: per(size.said ** 2, product.error),
    coverage: evidence((sums) => sums.covered).mean,
    ...crpsOf(scored, weightOf),
    believedSkill: per(size.came ** 2, gain.mean),
    believedError: per(size.came ** 2, gain.error),
  };
}

function crpsOf(periods: readonly Scored[], weightOf: Weight): Pick<ReturnScore, 'crps' | 'crpsSkill'> {
  const compared = periods.filter(({ sums }) => sums.returns.compared > 0);
  if (compared.length === 0) return {};
  const mean = (sumOf: (sums: ReturnSums) => number): number =>
    evidenceOf(
      observed(
        compared,
        ({ sums }) => sumOf(sums.returns),
        ({ sums }) => sums.returns.compared,
      ),
      weightOf,
    ).mean;
  const crps = mean((sums) => sums.crps);
  return { crps, crpsSkill: 1 - crps / mean((sums) => sums.referenceCrps) };
}

/**
 * The slope that was believed when the first signal of a period was given, as it had been formed at the begin of that day (Dawid 1984: a forecaster
 * is judged by what it says next). Horizons of a period began in the one before it.
 */
function outOfSample({ said, came, product }: Moments): (period: Scored) => number {
  const slopes = new Map<number, number>();
  return ({ endsAt, horizonMs }) => {
    const day = Math.floor((endsAt - 2 * horizonMs) / DAY_MS) * DAY_MS;
    const known = slopes.get(day);
    if (known !== undefined) return known;
    const before = (observations: Observation[]) => observations.filter((observation) => observation.endsAt <= day);
    const past = { said: before(said), came: before(came), product: before(product) };
    const { slope } = posterior(regression(past, weightAt(day)));
    slopes.set(day, slope);
    return slope;
  };
}
