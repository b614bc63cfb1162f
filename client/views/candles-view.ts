import { candlesOf, timeframeOf } from '../../domain/market/frames.ts';
import type { Candle, MarketSnapshot } from '../../domain/market/market.ts';
import type { Timeframe } from '../../domain/market/timeframes.ts';
import type { Fill } from '../../domain/orders/orders.ts';

export interface CandlesView {
  symbol: string;
  timeframe: Timeframe;
  /** Of the cycle that saw them; UTC epoch milliseconds. */
  seenAt: number;
  candles: Candle[];
  /** Ours, from the first of these candles on. */
  fills: Fill[];
}

/** A symbol's chart as the newest cycle saw it, with what was filled of ours since it begins. Undefined where that cycle saw nothing of the symbol. */
export function viewCandles(
  { takenAt, symbols }: MarketSnapshot,
  symbol: string,
  fills: readonly Fill[],
): CandlesView | undefined {
  const seen = symbols.find(({ instrument }) => instrument.symbol === symbol);
  if (!seen) return undefined;
  const timeframe = timeframeOf(seen);
  const candles = [...candlesOf(seen, timeframe)];
  const since = candles[0]?.openAt ?? takenAt;
  return { symbol, timeframe, seenAt: takenAt, candles, fills: fills.filter(({ filledAt }) => filledAt >= since) };
}
