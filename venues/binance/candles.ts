import type { binance } from 'ccxt';
import { z } from 'zod';
import type { Candle } from '../../domain/market/market.ts';
import { price, quantity } from './amount.ts';
import { timed } from './ccxt-client.ts';

const MINUTE_MS = 60_000;

const klinesSchema = z.array(z.tuple([z.coerce.number().int(), price, price, price, price, quantity], z.unknown()));

/**
 * Finished one-minute candles, oldest first. What is finished does not change, so that each symbol is fetched once a market minute, or until
 * the exchange lists the minute that has just ended.
 *
 * @param speed market seconds per second: 1 but for a fast replay, whose candles bear the times of its files: there the last one that the venue
 * lists is the running one.
 */
export function createCandleHistory(
  client: binance,
  speed: number,
): (symbol: string, count: number, now: number) => Promise<Candle[]> {
  const known = new Map<string, { minute: number; count: number; candles: Candle[] }>();
  return async (symbol, count, now) => {
    const minute = Math.floor((now * speed) / MINUTE_MS);
    const cached = known.get(symbol);
    if (cached?.minute === minute && cached.count === count) return cached.candles;
    // Beside those that have ended: the running one, and one more where the exchange is in the next minute already.
    const request = { symbol: client.market(symbol)['id'], interval: '1m', limit: count + 2 };
    const klines = klinesSchema.parse(await timed('klines', () => client.publicGetKlines(request)));
    // In the first moments of a minute its candle may not be listed yet: the last one is finished then.
    const finished = speed === 1 ? klines.filter(([openAt]) => openAt + MINUTE_MS <= now) : klines.slice(0, -1);
    const candles = finished.slice(-count).map(([openAt, open, high, low, close, volume]) => ({
      openAt,
      open,
      high,
      low,
      close,
      volume,
    }));
    const isComplete = speed !== 1 || candles.at(-1)?.openAt === (minute - 1) * MINUTE_MS;
    if (isComplete) known.set(symbol, { minute, count, candles });
    return candles;
  };
}
