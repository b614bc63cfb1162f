import { candlesIn } from '../market/frames.ts';
import type { SymbolSnapshot } from '../market/market.ts';
import {
  clamp,
  logReturns,
  outcomeProbabilities,
  standardDeviation,
  uncertaintyOver,
} from '../statistics/statistics.ts';
import { closingPrices } from './baseline.ts';
import type { Signal } from './signals.ts';

/** Of the market's deviation over the horizon: what the surest of our own rules says at its surest. */
const MOST_DEVIATIONS = 0.5;
const MOST_RETURN = 0.03;
const MIN_CANDLES = 30;

/** Standard deviation of a return over the horizon, from the candles; undefined where there are fewer than 30, or one is no price. */
export function marketDeviation(snapshot: SymbolSnapshot, horizonMs: number): number | undefined {
  const closes = closingPrices(snapshot.candles);
  if (closes === undefined || closes.length < MIN_CANDLES) return undefined;
  return uncertaintyOver(standardDeviation(logReturns(closes)), candlesIn(horizonMs, snapshot));
}

/**
 * A stranger's signal within what a market lets anybody know: an expected return within half a deviation of the market and ±3 %, and an uncertainty
 * that is not below the market's. What is cut has the probabilities of its normal, and keeps what was said.
 *
 * @param deviation of the market, over the signal's horizon
 */
export function boundedByMarket(signal: Signal, deviation: number): Signal {
  const most = Math.min(MOST_RETURN, MOST_DEVIATIONS * deviation);
  const expectedReturn = clamp(signal.expectedReturn, -most, most);
  const uncertainty = Math.max(signal.uncertainty, deviation);
  if (expectedReturn === signal.expectedReturn && uncertainty === signal.uncertainty) return signal;
  const said = signal.rebuilt ?? signal;
  return {
    ...signal,
    probabilities: outcomeProbabilities(expectedReturn, uncertainty),
    expectedReturn,
    uncertainty,
    rebuilt: { by: 'market', expectedReturn: said.expectedReturn, uncertainty: said.uncertainty },
  };
}
