import { normalQuantile } from '../statistics/statistics.ts';
import {
  evidenceOf,
  gainBeyondDrift,
  gainOverNothing,
  inOrder,
  type KnownPeriod,
  knownPeriods,
  type Observation,
  observed,
  rightBeyondDrift,
  timeOf,
} from './evidence.ts';
import type { ScorePeriod } from './periods.ts';

const DAY_MS = 86_400_000;
/** How long a candidate is tried. Then a new trial begins, which counts as one more. */
export const TRIAL_MS = 60 * DAY_MS;
/** Of all trials of a seat together, so many in a hundred give a vote to one that knows no more than the others. */
const FALSE_VOTES = 0.05;
/** A rival that is silent more often than that was no choice in the candidate's periods. */
const RIVAL_SHARE = 0.5;

/** Directions of size 1 that differ by less, period by period, are the same: a copy is not told from what it was copied from by rounding. */
const TOLD_APART = 0.05;

export interface Verdict {
  earned: boolean;
  /** Share of the trial that has been seen, by the periods that the candidate spoke on. */
  seen: number;
  /** What z must reach at this look. */
  needed: number;
  /** Of the candidate's direction, of that beyond the market's drift, and against each rival on the same periods and symbols. */
  z: { nothing: number; beyondDrift: number; rivals: number[] };
  /** Whether its probabilities are worth more than none and than the rivals', and not its direction alone. */
  calibrated: boolean;
}

/**
 * What |z| a normal walk may reach at a share of its way, so that it does so at any look with a chance of `error`: O'Brien and Fleming's boundary
 * z·√share ≥ Φ⁻¹(1 − error/2), by which Lan and DeMets (1983) spend the error over the way. It holds for looks at every moment, so for one a day.
 *
 * @param error of this look and all before it
 */
export function boundaryAt(share: number, error: number): number {
  return share > 0 ? normalQuantile(1 - error / 2) / Math.sqrt(Math.min(1, share)) : Number.POSITIVE_INFINITY;
}

/**
 * Whether a candidate has earned a vote. Principle: luck is counted. The error is shared among all trials of its seat (Bonferroni) and spent over the looks; it
 * must know more of the direction than nobody, than the market's drift, and than each version that votes already, the latter on the same periods and symbols.
 *
 * How sure an agent says it is changes nothing of the test, since leans are brought to one size; that it isn't surer than right is a condition
 * beside it.
 *
 * @param candidate periods of the signals of its trial
 * @param rivals those of each agent of its seat that votes
 * @param trials of the seat, this one among them; at least 1
 */
export function verdictOn(
  candidate: readonly ScorePeriod[],
  rivals: readonly (readonly ScorePeriod[])[],
  trials: number,
): Verdict {
  const own = knownPeriods(candidate);
  const heard = observed(own, () => 0);
  const seen = timeOf(heard) / TRIAL_MS;
  const needed = boundaryAt(seen, FALSE_VOTES / trials);
  const pairs = rivals
    .map((rival) => paired(own, knownPeriods(rival)))
    .filter(({ mine }) => timeOf(observed(mine, () => 0)) >= RIVAL_SHARE * timeOf(heard));

  const nothing = evidenceOf(observed(own, ({ sums }) => sums.leanRight)).z;
  const beyondDrift = evidenceOf(observed(own, rightBeyondDrift)).z;
  const beside = pairs.map(({ mine, theirs }) => {
    const [size, theirSize] = [sizeOf(mine), sizeOf(theirs)];
    return evidenceOf(
      differences(mine, theirs, (period, isMine) => period.sums.leanRight / (isMine ? size : theirSize)),
      undefined,
      TOLD_APART,
    ).z;
  });
  const gains = [
    observed(own, gainOverNothing),
    observed(own, gainBeyondDrift),
    ...pairs.map(({ mine, theirs }) => differences(mine, theirs, gainOverNothing)),
  ];
  const calibrated = gains.every((each) => each.reduce((sum, { value }) => sum + value, 0) > 0);
  return {
    earned: calibrated && Math.min(nothing, beyondDrift, ...beside) >= needed,
    seen,
    needed,
    z: { nothing, beyondDrift, rivals: beside },
    calibrated,
  };
}

/** Root of the mean square of the lean: directions of one that is sure and one that is modest are compared at one size. */
function sizeOf(periods: readonly KnownPeriod[]): number {
  const squares = observed(periods, ({ sums }) => sums.leanSquared);
  const size = Math.sqrt(squares.reduce((sum, { value }) => sum + value, 0) / Math.max(1, squares.length));
  // Who leans nowhere has no direction at any size.
  return size > 0 ? size : Number.POSITIVE_INFINITY;
}

/** The periods and symbols that both spoke on; both lists are in one order. */
function paired(
  own: readonly KnownPeriod[],
  rival: readonly KnownPeriod[],
): { mine: KnownPeriod[]; theirs: KnownPeriod[] } {
  const both: { mine: KnownPeriod[]; theirs: KnownPeriod[] } = { mine: [], theirs: [] };
  let place = 0;
  for (const mine of own) {
    let theirs = rival[place];
    while (theirs && inOrder(theirs, mine) < 0 && !isSame(theirs, mine)) theirs = rival[++place];
    if (!theirs || !isSame(theirs, mine)) continue;
    both.mine.push(mine);
    both.theirs.push(theirs);
  }
  return both;
}

const isSame = (one: ScorePeriod, other: ScorePeriod): boolean =>
  one.horizonMs === other.horizonMs && one.endsAt === other.endsAt && one.symbol === other.symbol;

function differences(
  mine: readonly KnownPeriod[],
  theirs: readonly KnownPeriod[],
  sumOf: (period: KnownPeriod, isMine: boolean) => number,
): Observation[] {
  const other = observed(theirs, (period) => sumOf(period, false));
  return observed(mine, (period) => sumOf(period, true)).map((each, place) => ({
    ...each,
    value: each.value - (other[place]?.value ?? 0),
  }));
}
