import { candlesOf } from '../../../domain/market/frames.ts';
import type { SymbolSnapshot } from '../../../domain/market/market.ts';
import type { Decimal } from '../../../domain/money/money.ts';
import { bookImbalance, microprice, readBook } from '../../../domain/quoting/market-making.ts';
import { closingPrices } from '../../../domain/signals/baseline.ts';
import { logReturns, mean, standardDeviation } from '../../../domain/statistics/statistics.ts';

const MIN_CANDLES = 30;
const BPS = 10_000;
const RETURN_WINDOWS_MINUTES = [5, 15, 60] as const;

/** One number that a language model may lean on, under the id by which it must cite it, e.g. `BTC/USDT.return_15m_bps`. */
export interface Evidence {
  id: string;
  value: number;
}

/** Numbers in a row, oldest first, cited alike. */
export interface Series {
  id: string;
  values: number[];
}

export interface SymbolFeatures {
  symbol: string;
  evidence: Evidence[];
  series?: Series[];
  /** What is not known of it and why, in words of ours. */
  unknown?: string[];
  /** Headlines that stand beside it: words of others. */
  headlines?: string[];
  /** Never shown: what a price that the model makes up is held against. */
  mid: Decimal;
  /** Sample deviation of one-minute log returns. */
  volatilityPerMinute: number;
}

/**
 * What language models get to see of a symbol: relative numbers in basis points and ratios, never a price that they could repeat or alter.
 * @returns a sentence instead when the snapshot does not support them
 */
export function featuresOf(snapshot: SymbolSnapshot): SymbolFeatures | string {
  const {
    instrument: { symbol },
    book,
  } = snapshot;
  const candles = candlesOf(snapshot, '1m');
  const closes = closingPrices(candles);
  if (closes === undefined || closes.length < MIN_CANDLES) {
    return `The features need ${MIN_CANDLES} one-minute candles with a price; there are ${candles.length}.`;
  }
  const read = readBook(book);
  if (read === undefined) return 'The order book is empty, crossed or not made of prices.';
  const returns = logReturns(closes);
  const volatilityPerMinute = standardDeviation(returns);
  const inBps = (price: typeof read.mid) => price.div(read.mid).times(BPS).toNumber();
  const numbers: Record<string, number> = {
    ...Object.fromEntries(
      RETURN_WINDOWS_MINUTES.filter((minutes) => minutes <= returns.length).map((minutes) => [
        `return_${minutes}m_bps`,
        total(returns.slice(-minutes)) * BPS,
      ]),
    ),
    return_all_bps: total(returns) * BPS,
    minutes_seen: returns.length,
    volatility_1h_bps: volatilityPerMinute * Math.sqrt(60) * BPS,
    range_position: rangePosition(closes),
    volume_ratio_15m: volumeRatio(candles.map(({ volume }) => Number(volume))),
    spread_bps: inBps(read.asks[0].price.minus(read.bids[0].price)),
    microprice_bps: inBps(microprice(read).minus(read.mid)),
    book_imbalance: bookImbalance(read, read.mid).toNumber(),
  };
  const evidence = Object.entries(numbers)
    .filter(([, value]) => Number.isFinite(value))
    .map(([name, value]) => ({ id: `${symbol}.${name}`, value: Number(value.toFixed(3)) }));
  return { symbol, evidence, mid: read.mid, volatilityPerMinute };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Where the last close stands between the lowest (0) and the highest (1); the middle when there was no movement. */
export function rangePosition(closes: readonly number[]): number {
  const low = Math.min(...closes);
  const high = Math.max(...closes);
  return high === low ? 0.5 : ((closes.at(-1) ?? low) - low) / (high - low);
}

/** Mean volume of the last 15 minutes over the mean of all; not a number when nothing was traded, and then left out. */
function volumeRatio(volumes: readonly number[]): number {
  return mean(volumes.slice(-15)) / mean(volumes);
}
