import { mostProbable, type Outcome } from '../consensus/pooling.ts';
import { clamp, FLAT_BAND } from '../statistics/statistics.ts';

/** A signal whose horizon has ended, with what came. */
export interface ScoredSignal {
  probabilities: Record<Outcome, number>;
  /** Return over the horizon, a fraction. */
  realisedReturn: number;
  /** Share of the vote that it carried in its decision; 0 when it did not count. */
  share: number;
}

/** One bin of a reliability diagram: what was said against what came. */
export interface CalibrationBin {
  /** Mean probability that was given to the most probable outcome. */
  said: number;
  /** Share of these signals whose most probable outcome came. */
  came: number;
  count: number;
}

export interface AgentScore {
  count: number;
  /** Half-Brier score, 0 (perfect) to 1. */
  brier: number;
  /** Of a forecaster that knows only how often each outcome comes. */
  referenceBrier: number;
  /** 1 − brier / referenceBrier: above 0 it knows more than the frequencies do. */
  skill: number;
  /** Share of the signals whose most probable outcome came. */
  hitRate: number;
  /** Expected calibration error: mean distance of said and came over the bins, weighted by their counts. */
  calibrationError: number;
  calibration: CalibrationBin[];
  /** Sum of share × side × return, a fraction of the stakes that the decisions would have taken on this agent's word. */
  pnlContribution: number;
  /** Factor of its weight. */
  trust: number;
}

/** So many signals count as much as the assumption that all agents are alike. */
const PRIOR_SIGNALS = 50;
/** A skill of 5 % doubles a weight: hourly returns are all but noise, and more is not seen honestly. */
const TRUST_PER_SKILL = 20;
const TRUST = { floor: 0.25, ceiling: 2 };
const BINS = 10;

/** Flat within the band that every agent is asked about. */
export function outcomeOf(realisedReturn: number, band: number = FLAT_BAND): Outcome {
  if (realisedReturn > band) return 'up';
  return realisedReturn < -band ? 'down' : 'flat';
}

/** ½ Σ(pₖ − oₖ)², which for two outcomes is (p − o)² (Brier 1950). */
export function halfBrier(probabilities: Record<Outcome, number>, outcome: Outcome): number {
  const term = (each: Outcome): number => (probabilities[each] - (each === outcome ? 1 : 0)) ** 2;
  return (term('up') + term('flat') + term('down')) / 2;
}

/** Brier skill score; 0 where the reference is perfect and so nothing is left to know. */
export function skillScore(brier: number, reference: number): number {
  return reference > 0 ? 1 - brier / reference : 0;
}

/**
 * Factor of an agent's weight. Principle: trust is earned. With few signals all agents are alike: the factor is shrunk to 1 with n/(n + 50);
 * with many it follows the skill, within a floor, to which negative skill falls, and a ceiling.
 */
export function trustOf(skill: number, count: number): number {
  const earned = clamp(1 + TRUST_PER_SKILL * skill, TRUST.floor, TRUST.ceiling);
  const known = count / (count + PRIOR_SIGNALS);
  return 1 - known + known * earned;
}

/** Scores of one agent over its signals. The reference forecaster says the frequencies of the same outcomes, one of each added (Laplace). */
export function scoreOf(signals: readonly ScoredSignal[]): AgentScore {
  const outcomes = signals.map(({ realisedReturn }) => outcomeOf(realisedReturn));
  const count = signals.length;
  const frequency = (outcome: Outcome): number =>
    (outcomes.filter((each) => each === outcome).length + 1) / (count + 3);
  const climate = { up: frequency('up'), flat: frequency('flat'), down: frequency('down') };
  const mean = (of: (signal: ScoredSignal, outcome: Outcome) => number): number =>
    count === 0 ? 0 : signals.reduce((sum, signal, index) => sum + of(signal, outcomes[index] ?? 'flat'), 0) / count;

  const brier = mean(({ probabilities }, outcome) => halfBrier(probabilities, outcome));
  const referenceBrier = mean((_, outcome) => halfBrier(climate, outcome));
  const skill = skillScore(brier, referenceBrier);
  const calibration = binsOf(signals, outcomes);
  return {
    count,
    brier,
    referenceBrier,
    skill,
    hitRate: mean(({ probabilities }, outcome) => (mostProbable(probabilities) === outcome ? 1 : 0)),
    calibrationError:
      calibration.reduce((sum, bin) => sum + Math.abs(bin.said - bin.came) * bin.count, 0) / Math.max(1, count),
    calibration,
    pnlContribution: signals.reduce((sum, { probabilities, realisedReturn, share }) => {
      const side = { up: 1, flat: 0, down: -1 }[mostProbable(probabilities)];
      return sum + share * side * realisedReturn;
    }, 0),
    trust: trustOf(skill, count),
  };
}

function binsOf(signals: readonly ScoredSignal[], outcomes: readonly Outcome[]): CalibrationBin[] {
  const bins = Array.from({ length: BINS }, () => ({ said: 0, came: 0, count: 0 }));
  signals.forEach(({ probabilities }, index) => {
    const best = mostProbable(probabilities);
    const said = probabilities[best];
    const bin = bins[Math.min(BINS - 1, Math.floor(said * BINS))];
    if (!bin) return;
    bin.said += said;
    bin.came += best === outcomes[index] ? 1 : 0;
    bin.count += 1;
  });
  return bins
    .filter(({ count }) => count > 0)
    .map(({ said, came, count }) => ({ said: said / count, came: came / count, count }));
}
