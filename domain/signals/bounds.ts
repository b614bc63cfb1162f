import { candlesIn } from '../market/frames.ts';
import type { MarketSnapshot, SymbolSnapshot } from '../market/market.ts';
import type { Top } from '../market/snapshot.ts';
import {
  clamp,
  logReturns,
  outcomeProbabilities,
  standardDeviation,
  uncertaintyOver,
} from '../statistics/statistics.ts';
import { closingPrices } from './baseline.ts';
import type { AgentAnswer, Opinion, Signal } from './signals.ts';

/** Of the market's deviation over the horizon: what the surest of our own rules says at its surest. */
const MOST_DEVIATIONS = 0.5;
const MOST_RETURN = 0.03;
const MIN_CANDLES = 30;
const MINUTE_MS = 60_000;

/*
 * Who has earned nothing yet, a guest or a version of a model on trial, is held to what a market lets anybody know: a score of what was said beyond
 * that would be one of luck.
 */

/** Of a symbol's market: the standard deviation of its return over a horizon; undefined where too little is known of it. */
export type DeviationOf = (symbol: string, horizonMs: number) => number | undefined;

/** Standard deviation of a return over a minute, from the candles; undefined where there are fewer than 30, or one is no price. */
export function deviationAMinute(snapshot: SymbolSnapshot): number | undefined {
  const closes = closingPrices(snapshot.candles);
  if (closes === undefined || closes.length < MIN_CANDLES) return undefined;
  return standardDeviation(logReturns(closes)) * Math.sqrt(candlesIn(MINUTE_MS, snapshot));
}

/** Of the markets that a snapshot shows, whole or by what its reference says of them. */
export function deviationsIn(
  snapshot: { tops: readonly Omit<Top, 'book'>[] } | Pick<MarketSnapshot, 'symbols'>,
): DeviationOf {
  const known = new Map(
    'tops' in snapshot
      ? snapshot.tops.map((top) => [top.symbol, top.deviationAMinute] as const)
      : snapshot.symbols.map((one) => [one.instrument.symbol, deviationAMinute(one)] as const),
  );
  return (symbol, horizonMs) => {
    const aMinute = known.get(symbol);
    return aMinute === undefined ? undefined : uncertaintyOver(aMinute, horizonMs / MINUTE_MS);
  };
}

/**
 * A signal within what its market lets anybody know: an expected return within half a deviation of the market and ±3 %, and an uncertainty that is
 * not below the market's. What is cut has the probabilities of its normal, and keeps what was said. Undefined where too little is known of the market.
 */
export function boundedByMarket(signal: Signal, deviationOf: DeviationOf): Signal | undefined {
  const deviation = deviationOf(signal.symbol, signal.horizonMs);
  if (deviation === undefined) return undefined;
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

/** Each view of one on trial within its market; an abstention where too little is known of that. */
export function boundedAnswer(answer: AgentAnswer, deviationOf: DeviationOf): AgentAnswer {
  const bounded = (opinion: Opinion): Opinion => {
    if (opinion.kind === 'abstention') return opinion;
    const { agentId, symbol } = opinion;
    const detail = `Its view is bounded by the market of ${symbol}, of which fewer than ${MIN_CANDLES} candles are known.`;
    return (
      boundedByMarket(opinion, deviationOf) ?? {
        kind: 'abstention',
        agentId,
        symbol,
        reason: 'not_enough_data',
        detail,
      }
    );
  };
  return { ...answer, opinions: answer.opinions.map(bounded) };
}
