import { mostProbable, type Outcome } from '../consensus/pooling.ts';
import { FLAT_BAND } from '../statistics/statistics.ts';
import { type ReturnForecast, type ReturnSums, returnSumsWith } from './returns.ts';

/** A signal whose horizon has ended, with what came. */
export interface ScoredSignal {
  probabilities: Record<Outcome, number>;
  /** Return over the horizon, a fraction. */
  realisedReturn: number;
  /** Share of the vote that it carried in its decision; 0 when it did not count. */
  share: number;
  /** Missing of signals of an earlier release, which kept their probabilities alone. */
  forecast?: Omit<ReturnForecast, 'realisedReturn'> | undefined;
}

/** Bins of a reliability diagram. */
const BINS = 10;

/**
 * What the signals of one agent on one symbol came to whose horizons ended within one period, which is no shorter than their horizons: signals of
 * one hour about an hour's return know the same hour, so that a period is one observation however many they were. Sums: the order in which
 * outcomes come, and in how many parts, changes nothing.
 *
 * The lean is 2q − 1 with q the chance of up given that the price moves out of the flat band, −1 (down) to 1 (up).
 */
export interface PeriodSums {
  /** Signals. */
  count: number;
  /** What came. */
  up: number;
  down: number;
  /** Signals whose most probable outcome came. */
  hits: number;
  /** Σ half-Brier. */
  brier: number;
  /** Σ share × side × return. */
  pnl: number;
  /** Of signals after which the price moved: Σ lean, Σ lean × direction that came (1 or −1), Σ lean². */
  lean: number;
  leanRight: number;
  leanSquared: number;
  /** By tenths of the probability of the most probable outcome: Σ said, how many came, how many. */
  bins: readonly (readonly [said: number, came: number, count: number])[];
  /** Of the signals that have a forecast; missing where none has. */
  returns?: ReturnSums;
}

export interface ScorePeriod {
  symbol: string;
  /** The longest horizon that belongs to it, and its own length. */
  horizonMs: number;
  /** UTC epoch milliseconds; horizons that end in it end before. */
  endsAt: number;
  sums: PeriodSums;
}

const HOUR_MS = 3_600_000;
/** From views of five minutes, which make no rows of five minutes, to the week that a signal may look ahead at most. */
export const PERIODS_MS = [HOUR_MS, 4 * HOUR_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS] as const;
const LONGEST_MS = PERIODS_MS[3];

/**
 * The period that a signal belongs to: of the shortest length that holds its horizon, the one that its horizon ends in. Principle: the lengths are few and
 * ours. An agent chooses its horizon to the millisecond, and one with another horizon each time would be an observation each time, held against a market that has
 * no past.
 *
 * @param horizonMs a week at most
 */
export function periodOf(dueAt: number, horizonMs: number): Pick<ScorePeriod, 'horizonMs' | 'endsAt'> {
  const length = PERIODS_MS.find((each) => each >= horizonMs) ?? LONGEST_MS;
  return { horizonMs: length, endsAt: (Math.floor(dueAt / length) + 1) * length };
}

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

/** 0 for who says nothing of the direction, whatever it says of the size of the move. */
export function leanOf({ up, down }: Record<Outcome, number>): number {
  return up + down > 0 ? (up - down) / (up + down) : 0;
}

const sides = { up: 1, flat: 0, down: -1 } as const;

/** The sums of a period with these signals in it. */
export function sumsWith(signals: readonly ScoredSignal[], before?: PeriodSums): PeriodSums {
  const bins = Array.from(
    { length: BINS },
    (_, bin) => [...(before?.bins[bin] ?? [0, 0, 0])] as [number, number, number],
  );
  const forecasts = signals.flatMap(({ forecast, realisedReturn }) =>
    forecast ? { ...forecast, realisedReturn } : [],
  );
  const returns = forecasts.length > 0 ? { returns: returnSumsWith(forecasts, before?.returns) } : {};
  const sums: PeriodSums = {
    ...(before ?? { count: 0, up: 0, down: 0, hits: 0, brier: 0, pnl: 0, lean: 0, leanRight: 0, leanSquared: 0 }),
    bins,
    ...returns,
  };
  for (const { probabilities, realisedReturn, share } of signals) {
    const outcome = outcomeOf(realisedReturn);
    const best = mostProbable(probabilities);
    const hit = best === outcome ? 1 : 0;
    const side = sides[outcome];
    const lean = side === 0 ? 0 : leanOf(probabilities);
    const bin = bins[Math.min(BINS - 1, Math.floor(probabilities[best] * BINS))];
    if (bin) {
      bin[0] += probabilities[best];
      bin[1] += hit;
      bin[2] += 1;
    }
    sums.count += 1;
    if (side === 1) sums.up += 1;
    if (side === -1) sums.down += 1;
    sums.hits += hit;
    sums.brier += halfBrier(probabilities, outcome);
    sums.pnl += share * sides[best] * realisedReturn;
    sums.lean += lean;
    sums.leanRight += lean * side;
    sums.leanSquared += lean ** 2;
  }
  return sums;
}
