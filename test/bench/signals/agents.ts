import type { Price, Quantity } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import { BASELINE_MIN_CANDLES, type BaselineView, baselineView } from '../../../domain/signals/baseline.ts';
import { FLAT_BAND, normalCdf } from '../../../domain/statistics/statistics.ts';
import { type Market, normal, uniform } from './markets.ts';

/** What an agent of known skill says at each decision: the probabilities of up and down; the rest is flat. */
export interface Said {
  up: Float64Array;
  down: Float64Array;
}

export type Agent = (market: Market, seed: number) => Said;

const chanceToMove = (deviation: number): number => 2 * (1 - normalCdf(FLAT_BAND / deviation));

function saying(market: Market, of: (index: number) => { up: number; down: number }): Said {
  const said = { up: new Float64Array(market.returns.length), down: new Float64Array(market.returns.length) };
  for (let index = 0; index < market.returns.length; index += 1) {
    const { up, down } = of(index);
    said.up[index] = up;
    said.down[index] = down;
  }
  return said;
}

/** The part of a call that comes from the hour itself, so that the call is right in `accuracy` of the hours that move, on this market. */
function knownShare({ returns, deviations, horizon }: Market, accuracy: number): number {
  const right = (share: number): number => {
    let [sum, count] = [0, 0];
    for (let index = 0; index < returns.length; index += horizon / 4) {
      const move = Math.abs(returns[index] ?? 0);
      if (move <= FLAT_BAND) continue;
      sum += normalCdf((share * move) / (deviations[index] ?? 1) / Math.sqrt(1 - share ** 2));
      count += 1;
    }
    return sum / count;
  };
  let [low, high] = [0, 0.99];
  for (let step = 0; step < 30; step += 1) {
    const middle = (low + high) / 2;
    if (right(middle) < accuracy) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Calls the direction of the hour, right in so many of those that move, and says so sure that it is. Its call lives as long as the hour does: the
 * standardised return of the hour, and that of a market that is not there.
 */
export function caller(accuracy: number, says: number): Agent {
  return (market, seed) => {
    const { horizon, returns, deviations } = market;
    const share = accuracy > 0.5 ? knownShare(market, accuracy) : 0;
    const draw = normal(uniform(seed));
    const elsewhere = new Float64Array(returns.length + horizon + 1);
    for (let index = 1; index < elsewhere.length; index += 1) {
      elsewhere[index] = (elsewhere[index - 1] ?? 0) + draw() / Math.sqrt(horizon);
    }
    return saying(market, (index) => {
      const deviation = deviations[index] ?? 1;
      const known = (returns[index] ?? 0) / deviation;
      const noise = (elsewhere[index + horizon] ?? 0) - (elsewhere[index] ?? 0);
      const call = share * known + Math.sqrt(1 - share ** 2) * noise;
      const moves = chanceToMove(deviation);
      return call > 0 ? { up: moves * says, down: moves * (1 - says) } : { up: moves * (1 - says), down: moves * says };
    });
  };
}

/** Knows how often the price moves in the long run, and nothing else. */
export const frequenciesAlone =
  (moves: number): Agent =>
  (market) =>
    saying(market, () => ({ up: moves / 2, down: moves / 2 }));

const alwaysFlat = frequenciesAlone(0.1);

const volatilityForecast: Agent = (market) =>
  saying(market, (index) => {
    const half = chanceToMove(market.deviations[index] ?? 1) / 2;
    return { up: half, down: half };
  });

/** Minutes between two of its views, each of which stands until the next. */
const BASELINE_EVERY = 15;
const BASELINE_CANDLES = 120;

/** What the rule of domain/signals/baseline.ts holds at each decision, from the closes of the last two hours; undefined while there are too few. */
export function baselineViews(market: Market): (BaselineView | undefined)[] {
  const perMinute = 60_000 / market.stepMs;
  let view: BaselineView | undefined;
  return Array.from(market.returns, (_, index) => {
    if (index % (BASELINE_EVERY * perMinute) === 0) {
      const closes: number[] = [];
      for (let at = index; at >= 0 && closes.length < BASELINE_CANDLES; at -= perMinute) {
        closes.unshift(Math.exp(market.logs[at] ?? 0));
      }
      const candles = closes.map((close, minute) => {
        const price = tagged<Price>(String(close));
        return {
          openAt: minute * 60_000,
          open: price,
          high: price,
          low: price,
          close: price,
          volume: tagged<Quantity>('1'),
        };
      });
      view = candles.length < BASELINE_MIN_CANDLES ? undefined : baselineView(candles, 60);
    }
    return view;
  });
}

const baseline: Agent = (market) => {
  const views = baselineViews(market);
  return saying(market, (index) => views[index]?.probabilities ?? { up: 1 / 3, down: 1 / 3 });
};

/** By what they know. The first four are right so often as they say. */
export const agents: Record<string, Agent> = {
  '60 % right': caller(0.6, 0.6),
  '58 % right': caller(0.58, 0.58),
  '55 % right': caller(0.55, 0.55),
  '52 % right': caller(0.52, 0.52),
  'noise, says 52 %': caller(0.5, 0.52),
  'noise, says 55 %': caller(0.5, 0.55),
  'noise, says 80 %': caller(0.5, 0.8),
  'always flat': alwaysFlat,
  'volatility forecast': volatilityForecast,
  baseline,
};
