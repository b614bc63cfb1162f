import { Random } from './random.ts';

/** How the whole market behaves for some tens of minutes up to a few hours. */
export const regimeKinds = ['trend-up', 'trend-down', 'range', 'volatile'] as const;
export type RegimeKind = (typeof regimeKinds)[number];

export interface Regime {
  kind: RegimeKind;
  /** Log return of the market factor an hour. */
  driftPerHour: number;
  /** Annual volatility of the market factor. */
  volatility: number;
  /** Minutes until it ends. */
  minutesLeft: number;
}

const STREAM = 9_001;

/** The regime that follows, a function of the seed and the minute at which it begins. */
export function drawRegime(seed: number, minute: number, previous: RegimeKind | undefined): Regime {
  const random = new Random(seed, STREAM, minute);
  const draw = random.uniform();
  let kind: RegimeKind = 'range';
  if (draw < 0.32) kind = 'trend-up';
  else if (draw < 0.62) kind = 'trend-down';
  else if (draw < 0.85) kind = 'range';
  else kind = 'volatile';
  if (kind === previous) kind = kind === 'range' ? 'volatile' : 'range';
  return regimeOf(kind, random);
}

/**
 * Genesis falls into a trend upwards that has just become visible: a market that is watched for the first time gives even a
 * system without shorts something to do.
 */
export function openingRegime(seed: number): Regime {
  return { ...regimeOf('trend-up', new Random(seed, STREAM, -1)), minutesLeft: 110 };
}

export const OPENING_MINUTES_BEFORE_GENESIS = 45;

function regimeOf(kind: RegimeKind, random: Random): Regime {
  const drift = 0.0045 + 0.0055 * random.uniform();
  const length = random.uniform();
  if (kind === 'range') return { kind, driftPerHour: 0, volatility: 0.5, minutesLeft: 30 + Math.floor(length * 120) };
  if (kind === 'volatile')
    return { kind, driftPerHour: 0, volatility: 1.05, minutesLeft: 20 + Math.floor(length * 40) };
  return {
    kind,
    driftPerHour: kind === 'trend-up' ? drift : -drift,
    volatility: 0.38,
    minutesLeft: 45 + Math.floor(length * 120),
  };
}
