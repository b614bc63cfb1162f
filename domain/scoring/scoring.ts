import type { Calibration } from '../signals/calibration.ts';
import { clamp } from '../statistics/statistics.ts';
import { beliefOf, type ReturnScore, returnScoreOf } from './belief.ts';
import {
  evidenceOf,
  gainBeyondDrift,
  gainOverNothing,
  type KnownPeriod,
  knownPeriods,
  observed,
  SCORE_HALF_LIFE_MS,
  weightAt,
} from './evidence.ts';
import type { ScorePeriod } from './periods.ts';

/** One bin of a reliability diagram: what was said against what came. */
export interface CalibrationBin {
  /** Mean probability that was given to the most probable outcome. */
  said: number;
  /** Share of these signals whose most probable outcome came. */
  came: number;
  count: number;
}

export interface AgentScore {
  /** Signals of the memory. */
  count: number;
  /** What they are worth as observations: horizons without overlap, older ones for less. */
  horizons: number;
  /** Half-Brier score, 0 (perfect) to 1. */
  brier: number;
  /** Of a forecaster that knows only how often each outcome came before. */
  referenceBrier: number;
  /** 1 − brier / referenceBrier: above 0 it knows more than the frequencies do, be it of the size of moves alone. */
  skill: number;
  /** Gain in the direction over its own spread, per horizon, shrunk by how little is known; 0 for who says nothing of it. See `trustOf`. */
  directionalSkill: number;
  /** Share of the signals whose most probable outcome came. */
  hitRate: number;
  /** Expected calibration error: mean distance of said and came over the bins, weighted by their counts. */
  calibrationError: number;
  calibration: CalibrationBin[];
  /** Sum of share × side × return, a fraction of the stakes that the decisions would have taken on this agent's word. */
  pnlContribution: number;
  /** Factor of its weight. */
  trust: number;
  /** Standard deviation of the trust, before its bounds: what is not known yet. */
  trustError: number;
  /** Of expected returns and uncertainties; missing where no signal had them. */
  returns?: ReturnScore | undefined;
  /** What its expected returns are believed from now on. */
  belief: Calibration;
}

const DAY_MS = 86_400_000;
/** Older periods weigh less than a sixteenth and are forgotten. */
export const SCORE_MEMORY_MS = 4 * SCORE_HALF_LIFE_MS;
/** A venue that has no price of a signal's last minute so long after it will have none. */
export const OUTCOME_AWAITED_MS = DAY_MS;

/**
 * So many horizons count as much as the assumption that nobody knows the direction: an agent that is right in 52 to 60 of a hundred hours gains 0.02 to
 * 0.1 of its own spread an hour, so that 1/√600 is a skill to be surprised at.
 */
const PRIOR_HORIZONS = 600;
/** That of one that gives a direction 52 of a hundred: luck with less than that is no skill. */
const LEAST_SPREAD = 0.05;
/** A directional skill that doubles a weight: what one right in 55 of a hundred hours comes to in the end. */
const FULL_SKILL = 0.05;
const TRUST = { floor: 0.25, ceiling: 2 };

/** Brier skill score; 0 where the reference is perfect and so nothing is left to know. */
export function skillScore(brier: number, reference: number): number {
  return reference > 0 ? 1 - brier / reference : 0;
}

/**
 * The posterior mean of a gain in units of its spread, with a normal prior about 0 that counts so many horizons (Efron and Morris 1973).
 * @param z mean over standard error
 */
export function shrunkSkill({ z, horizons }: { z: number; horizons: number }): number {
  return (z * Math.sqrt(horizons)) / (horizons + PRIOR_HORIZONS);
}

/** Factor of an agent's weight: 1 where nothing is known, within a floor, to which negative skill falls, and a ceiling. */
export function trustOf(directionalSkill: number): number {
  return clamp(1 + directionalSkill / FULL_SKILL, TRUST.floor, TRUST.ceiling);
}

/** Scores of one agent over the periods of its memory, as they stand at a moment. */
export function scoreOf(periods: readonly ScorePeriod[], at: number): AgentScore {
  const known = knownPeriods(periods.filter(({ endsAt }) => endsAt > at - SCORE_MEMORY_MS));
  const weightOf = weightAt(at);
  const mean = (sumOf: (period: KnownPeriod) => number): number => {
    const observations = observed(known, sumOf);
    const total = observations.reduce((sum, each) => sum + weightOf(each), 0);
    return total === 0 ? 0 : observations.reduce((sum, each) => sum + weightOf(each) * each.value, 0) / total;
  };

  const evidence = evidenceOf(observed(known, gainOverNothing), weightOf, LEAST_SPREAD);
  const beyondDrift = evidenceOf(observed(known, gainBeyondDrift), weightOf, LEAST_SPREAD);
  const directionalSkill = Math.min(shrunkSkill(evidence), shrunkSkill(beyondDrift));
  const brier = mean(({ sums }) => sums.brier);
  const referenceBrier = mean(({ sums: { count, up, down }, frequencies: often }) => {
    const squares = often.up ** 2 + often.flat ** 2 + often.down ** 2;
    return (count * (1 + squares)) / 2 - often.up * up - often.down * down - often.flat * (count - up - down);
  });
  const calibration = calibrationOf(known);
  const count = known.reduce((sum, { sums }) => sum + sums.count, 0);
  const returns = returnScoreOf(known, weightOf);
  return {
    count,
    horizons: evidence.horizons,
    brier,
    referenceBrier,
    skill: skillScore(brier, referenceBrier),
    directionalSkill,
    hitRate: mean(({ sums }) => sums.hits),
    calibrationError:
      calibration.reduce((sum, bin) => sum + Math.abs(bin.said - bin.came) * bin.count, 0) / Math.max(1, count),
    calibration,
    pnlContribution: known.reduce((sum, { sums }) => sum + sums.pnl, 0),
    trust: trustOf(directionalSkill),
    trustError: 1 / Math.sqrt(evidence.horizons + PRIOR_HORIZONS) / FULL_SKILL,
    ...(returns ? { returns } : {}),
    belief: beliefOf(known, weightOf),
  };
}

function calibrationOf(periods: readonly ScorePeriod[]): CalibrationBin[] {
  const bins: CalibrationBin[] = [];
  for (const { sums } of periods) {
    sums.bins.forEach(([said, came, count], place) => {
      const bin = (bins[place] ??= { said: 0, came: 0, count: 0 });
      bin.said += said;
      bin.came += came;
      bin.count += count;
    });
  }
  return bins
    .filter(({ count }) => count > 0)
    .map(({ said, came, count }) => ({ said: said / count, came: came / count, count }));
}
