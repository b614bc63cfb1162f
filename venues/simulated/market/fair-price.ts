import { Random } from './random.ts';
import { drawRegime, OPENING_MINUTES_BEFORE_GENESIS, openingRegime, type Regime } from './regimes.ts';

const YEAR_MS = 365 * 86_400_000;
const MARKET_STREAM = 9_000;
const SYMBOL_STREAM = 100;
const JUMPS_PER_DAY = 4;
/** In a range the market factor is drawn back to its anchor by this share an hour. */
const REVERSION_PER_HOUR = 2.5;

/** Deterministic state of the synthetic fair prices; plain data, so that it can be stored and restored. */
export interface FairPriceState {
  regime: Regime;
  /** The market factor's log level against the anchor of the present range. */
  deviation: number;
  /** Fair price of each instrument, in quote per base. */
  fair: number[];
}

/** Volatility of a symbol's own moves and its answer to the market factor, by its place in the list. */
function character(index: number): { beta: number; own: number } {
  return { beta: 1 + 0.15 * Math.min(index, 4), own: 0.28 + 0.06 * Math.min(index, 4) };
}

export function openingPrices(seed: number, startPrices: number[]): FairPriceState {
  return { regime: drawRegime(seed, Number.MIN_SAFE_INTEGER / 2, undefined), deviation: 0, fair: [...startPrices] };
}

/**
 * Moves every fair price on by one step. Draws depend on (seed, symbol, step) alone; `minuteBegins` names the market minute that the
 * step opens, where regimes may change.
 */
export function advanceFairPrices(
  state: FairPriceState,
  options: { seed: number; step: number; stepMs: number; minuteBegins: number | undefined },
): void {
  const { seed, step, stepMs } = options;
  if (options.minuteBegins !== undefined) turnRegime(state, seed, options.minuteBegins);
  const { regime } = state;
  const years = stepMs / YEAR_MS;
  const hours = stepMs / 3_600_000;
  const market = new Random(seed, MARKET_STREAM, step);
  let move = regime.driftPerHour * hours + regime.volatility * Math.sqrt(years) * market.normal();
  if (regime.kind === 'range') move -= state.deviation * REVERSION_PER_HOUR * hours;
  if (market.uniform() < (JUMPS_PER_DAY * stepMs) / 86_400_000) move += 0.0025 * market.normal();
  state.deviation += move;
  for (let index = 0; index < state.fair.length; index += 1) {
    const { beta, own } = character(index);
    const random = new Random(seed, SYMBOL_STREAM + index, step);
    const change = beta * move + own * Math.sqrt(years) * random.normal();
    state.fair[index] = (state.fair[index] ?? 0) * (1 + change);
  }
}

function turnRegime(state: FairPriceState, seed: number, minute: number): void {
  state.regime.minutesLeft -= 1;
  if (minute === -OPENING_MINUTES_BEFORE_GENESIS) {
    state.regime = openingRegime(seed);
  } else if (state.regime.minutesLeft <= 0) {
    state.regime = drawRegime(seed, minute, state.regime.kind);
    state.deviation = 0;
  }
}
