import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Uniform in [0, 1), the same for the same seed (Mulberry32). */
export function uniform(seed: number): () => number {
  let state = (seed * 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Standard normal (Box and Muller 1958). */
export function normal(random: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** A market as its decisions see it: one each `stepMs`, all of one symbol. */
export interface Market {
  stepMs: number;
  /** Decisions in a horizon. */
  horizon: number;
  /** Logarithm of the price at each decision; it goes on for a horizon after the last one. */
  logs: Float64Array;
  /** Return over the horizon from each decision on, a fraction. */
  returns: Float64Array;
  /** Standard deviation of that return as it was known then. */
  deviations: Float64Array;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const STEP_MS = 30_000;
/** Of an hour's return, as BTC had it in a middling month. */
const HOURLY_DEVIATION = 0.0053;
/** Hours after which a burst of volatility is half over. */
const VOLATILITY_HALF_LIFE = 8;
const VOLATILITY_SPREAD = 0.4;

function marketOf(logs: Float64Array, stepMs: number, deviationAt: (index: number) => number): Market {
  const horizon = HOUR_MS / stepMs;
  const count = logs.length - horizon;
  const returns = new Float64Array(count);
  const deviations = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    returns[index] = Math.exp((logs[index + horizon] ?? 0) - (logs[index] ?? 0)) - 1;
    deviations[index] = deviationAt(index);
  }
  return { stepMs, horizon, logs, returns, deviations };
}

/** A random walk with volatility that comes in bursts. */
export function syntheticMarket(seed: number, days: number, stepMs = STEP_MS): Market {
  const horizon = HOUR_MS / stepMs;
  const steps = (days * DAY_MS) / stepMs + horizon;
  const draw = normal(uniform(seed));
  const logs = new Float64Array(steps + 1);
  const scales = new Float64Array(steps + 1);
  const decay = 0.5 ** (1 / (VOLATILITY_HALF_LIFE * horizon));
  const shock = VOLATILITY_SPREAD * Math.sqrt(1 - decay ** 2);
  let burst = VOLATILITY_SPREAD * draw();
  for (let index = 0; index < steps; index += 1) {
    burst = decay * burst + shock * draw();
    scales[index] = HOURLY_DEVIATION * Math.exp(burst - VOLATILITY_SPREAD ** 2);
    logs[index + 1] = (logs[index] ?? 0) + ((scales[index] ?? 0) / Math.sqrt(horizon)) * draw();
  }
  return marketOf(logs, stepMs, (index) => scales[index] ?? 0);
}

/**
 * One-minute candles of a gzipped CSV with a header and a column `close`; its volatility is that of the two hours before each decision.
 * @throws Error where there is no such column
 */
export function recordedMarket(path: string): Market {
  const [header = '', ...lines] = gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n');
  const column = header.split(',').indexOf('close');
  if (column < 0) throw new Error(`${path} has no column "close", but ${header}`);
  const logs = Float64Array.from(lines, (line) => Math.log(Number(line.split(',')[column])));
  const window = 120;
  return marketOf(logs, 60_000, (index) => {
    let sum = 0;
    let count = 0;
    for (let at = Math.max(1, index - window + 1); at <= index; at += 1) {
      sum += ((logs[at] ?? 0) - (logs[at - 1] ?? 0)) ** 2;
      count += 1;
    }
    return count === 0 ? HOURLY_DEVIATION : Math.max(1e-4, Math.sqrt((sum / count) * 60));
  });
}
