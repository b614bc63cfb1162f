import type { RuleView } from '../../../contracts/rule-agent.ts';
import { timeframeOf } from '../../../domain/market/frames.ts';
import type { BookLevel, SymbolSnapshot } from '../../../domain/market/market.ts';
import { lengthOf } from '../../../domain/market/timeframes.ts';
import { readBook } from '../../../domain/quoting/market-making.ts';
import { closingPrices } from '../../../domain/signals/baseline.ts';
import { deviationsIn } from '../../../domain/signals/bounds.ts';

const MINUTE_MS = 60_000;

/**
 * What a rule of somebody's own sees of one symbol: candles that had ended at `at`, so that a paper cycle, a live one and a bar of a backtest show the
 * same. A sentence instead where the market does not support a view.
 */
export function viewOf(seen: SymbolSnapshot, at: number, horizonMs: number): RuleView | string {
  const {
    instrument: { symbol, base, quote },
    book,
  } = seen;
  const timeframe = timeframeOf(seen);
  const candles = seen.candles.filter(({ openAt }) => openAt + lengthOf(timeframe) <= at);
  const deviation = deviationsIn({ symbols: [{ ...seen, candles }] })(symbol, horizonMs);
  if (deviation === undefined || closingPrices(candles) === undefined) {
    return `A rule needs 30 candles of ${timeframe} with a price that have ended; there are ${candles.length}.`;
  }
  const read = readBook(book);
  if (read === undefined) return 'The order book is empty, crossed or not made of prices.';
  const bids = book.bids.map(levelOf);
  const asks = book.asks.map(levelOf);
  const mid = read.mid.toNumber();
  const [bid, ask] = [total(bids), total(asks)];
  return {
    symbol,
    base,
    quote,
    at,
    horizonMinutes: horizonMs / MINUTE_MS,
    timeframe,
    candles: candles.map(({ openAt, open, high, low, close, volume }) => ({
      openAt,
      open: Number(open),
      high: Number(high),
      low: Number(low),
      close: Number(close),
      volume: Number(volume),
    })),
    book: { bids, asks },
    features: {
      mid,
      spread: read.asks[0].price.minus(read.bids[0].price).div(read.mid).toNumber(),
      imbalance: (bid - ask) / (bid + ask),
      deviation,
    },
  };
}

const levelOf = ([price, quantity]: BookLevel) => ({ price: Number(price), quantity: Number(quantity) });

function total(levels: readonly { quantity: number }[]): number {
  return levels.reduce((sum, { quantity }) => sum + quantity, 0);
}
