import type { binance } from 'ccxt';
import { z } from 'zod';
import type { Candle } from '../../domain/market/market.ts';
import { type FrameWish, lengthOf, type Timeframe } from '../../domain/market/timeframes.ts';
import { price, quantity } from './amount.ts';
import { timed } from './ccxt-client.ts';

/** The exchange lists so many at a time. */
const PAGE = 1_000;
const MINUTE_MS = lengthOf('1m');

const klinesSchema = z.array(z.tuple([z.coerce.number().int(), price, price, price, price, quantity], z.unknown()));

/** Those of one symbol and length that have ended, oldest first. */
interface Known {
  candles: Candle[];
  /** So many were wished for; there are fewer where the exchange lists no more. */
  wished: number;
  /** Of the clock by which they had ended: nothing newer can have ended in it. Undefined where the newest was not listed yet. */
  period: number | undefined;
}

/** @param now the exchange's clock */
export type CandleHistory = (symbol: string, wish: FrameWish, now: number) => Promise<Candle[]>;

/**
 * Finished candles, oldest first. What is finished does not change, so that each length of a symbol is asked for once a candle, and then for the
 * new ones alone, or until the exchange lists the one that has just ended.
 *
 * @param speed market seconds per second: 1 but for a fast replay, whose candles bear the times of its files: there the last minute that the
 * venue lists is the running one, and the market's time is that of the minute before it.
 */
export function createCandleHistory(client: binance, speed: number): CandleHistory {
  const known = new Map<string, Known>();
  const reading = new Map<string, Promise<Candle[]>>();

  const list = async (symbol: string, timeframe: Timeframe, count: number): Promise<Candle[]> => {
    let found: Candle[] = [];
    while (found.length < count) {
      const limit = Math.min(PAGE, count - found.length);
      const before = found[0] ? { endTime: found[0].openAt - 1 } : {};
      const request = { symbol: client.market(symbol)['id'], interval: timeframe, limit, ...before };
      const page = klinesSchema.parse(await timed('klines', () => client.publicGetKlines(request)));
      found = [...page.map(candleOf), ...found];
      if (page.length < limit) break;
    }
    return found;
  };

  /** @param rate of the market's time to `now` */
  const read = async (
    symbol: string,
    { timeframe, candles }: FrameWish,
    now: number,
    rate: number,
  ): Promise<Candle[]> => {
    const key = `${symbol} ${timeframe}`;
    const barMs = lengthOf(timeframe);
    const period = Math.floor((now * rate) / barMs);
    const cached = known.get(key);
    if (cached?.period === period && candles <= cached.wished) return cached.candles.slice(-candles);
    const wished = Math.max(candles, cached?.wished ?? 0);
    // In the first moments of a period its candle may not be listed yet: the last one is finished then.
    const ended = (listed: Candle[]): Candle[] =>
      rate === 1 ? listed.filter(({ openAt }) => openAt + barMs <= now) : listed.slice(0, -1);

    let found: Candle[] | undefined;
    if (cached && wished === cached.wished && rate === 1) {
      const missing = period - 1 - (cached.candles.at(-1)?.openAt ?? 0) / barMs;
      // Beside those: the running one, one more where the exchange is in the next period already, and one that is known.
      if (missing >= 0 && missing < wished)
        found = continued(cached.candles, ended(await list(symbol, timeframe, missing + 3)));
    }
    found ??= ended(await list(symbol, timeframe, wished + 2));
    const all = found.slice(-wished);
    const isComplete = rate !== 1 || all.at(-1)?.openAt === (period - 1) * barMs;
    known.set(key, { candles: all, wished, period: isComplete ? period : undefined });
    return all.slice(-candles);
  };

  const once: typeof read = async (symbol, wish, now, rate) => {
    const key = `${symbol} ${wish.timeframe}`;
    for (let other = reading.get(key); other; other = reading.get(key)) await other.catch(() => undefined);
    const own = read(symbol, wish, now, rate);
    reading.set(key, own);
    try {
      return await own;
    } finally {
      reading.delete(key);
    }
  };

  return async (symbol, wish, now) => {
    if (speed === 1 || wish.timeframe === '1m') return once(symbol, wish, now, speed);
    const minute = (await once(symbol, { timeframe: '1m', candles: 1 }, now, speed)).at(-1);
    return minute ? once(symbol, wish, minute.openAt + MINUTE_MS, 1) : [];
  };
}

/** Undefined where the two do not meet in the same candle: then what was known is not of this list. */
function continued(known: readonly Candle[], listed: readonly Candle[]): Candle[] | undefined {
  const last = known.at(-1);
  const at = listed.findIndex(({ openAt }) => openAt === last?.openAt);
  const met = listed[at];
  if (!last || !met || met.close !== last.close || met.volume !== last.volume) return undefined;
  return [...known, ...listed.slice(at + 1)];
}

function candleOf([openAt, open, high, low, close, volume]: z.output<typeof klinesSchema>[number]): Candle {
  return { openAt, open, high, low, close, volume };
}
