import type { binance } from 'ccxt';
import { z } from 'zod';
import { packed } from '../../domain/market/frames.ts';
import type { Candle, Frame, Instrument, Mode } from '../../domain/market/market.ts';
import { lengthOf, type Timeframe } from '../../domain/market/timeframes.ts';
import { type DecimalText, decimal } from '../../domain/money/money.ts';
import { createBreaker } from '../../runtime/telemetry/breaker.ts';
import type { MarketDataPort } from '../port.ts';
import { amount } from './amount.ts';
import { createCandleHistory } from './candles.ts';
import { venueClockOf } from './ccxt-client.ts';
import { isUnsendable } from './classify.ts';
import { loadMarkets } from './markets.ts';
import { readBook } from './order-book.ts';

/** Market data through ccxt's raw endpoints: its unified answers hold floats, and prices must stay the decimals that the venue sent. */
export async function createCcxtMarket(client: binance, mode: Mode, speed = 1): Promise<MarketDataPort> {
  const breaker = createBreaker('exchange', 'market-data', (error) => !isUnsendable(error));
  // What is missing beside a decision's own candles opens no breaker before these.
  const besideBreaker = createBreaker('exchange', 'frames', (error) => !isUnsendable(error));
  const markets = await loadMarkets(client);
  const { now: exchangeTime } = venueClockOf(client);
  const candleHistory = createCandleHistory(client, speed);

  return {
    venue: client.id,
    mode,
    exchangeTime,
    listing: markets.listing,
    async symbolSnapshot(symbol, { timeframe, candles }, bookLevels) {
      const now = await exchangeTime();
      const id = String(client.market(symbol)['id']);
      const [book, history, minutes] = await breaker
        .execute(() =>
          Promise.all([
            readBook(client, id, bookLevels),
            candleHistory(symbol, { timeframe, candles }, now),
            // By an hour's candles it would take hours until it shows that a market stands still.
            timeframe === '1m' ? undefined : candleHistory(symbol, { timeframe: '1m', candles: 1 }, now),
          ]),
        )
        .catch((error: unknown) => {
          markets.doubt(error);
          throw error;
        });
      const newest = minutes ?? history;
      if (speed === 1 && isStale(newest, '1m', now)) {
        // Where it is the exchange that has stopped this market, the next attempt knows.
        await markets.renew();
        throw new Error(`the market data of ${symbol} stand still: the newest candle is ${ageOf(newest, now)}`);
      }
      const length = timeframe === '1m' ? {} : { timeframe };
      return { instrument: instrumentOf(client, symbol), ...length, candles: history, book };
    },
    async frames(symbol, wishes) {
      const now = await exchangeTime();
      const frames: Frame[] = [];
      for (const wish of wishes) {
        const candles = await besideBreaker.execute(() => candleHistory(symbol, wish, now));
        if (speed === 1 && isStale(candles, wish.timeframe, now)) continue;
        frames.push({ timeframe: wish.timeframe, candles: candles.map(packed) });
      }
      return frames;
    },
  };
}

/** A market goes on: the candle that ended last has ended within its own length and as long as the exchange takes to list it. */
const LISTED_WITHIN_MS = 60_000;

function isStale(candles: readonly Candle[], timeframe: Timeframe, now: number): boolean {
  const newest = candles.at(-1);
  return newest === undefined || newest.openAt < now - 2 * lengthOf(timeframe) - LISTED_WITHIN_MS;
}

function ageOf(candles: readonly Candle[], now: number): string {
  const newest = candles.at(-1);
  return newest ? `${Math.round((now - newest.openAt) / 1_000)} s old` : 'missing';
}

const filterSchema = z.looseObject({ filterType: z.string() });
const infoSchema = z.object({ baseAsset: z.string(), quoteAsset: z.string(), filters: z.array(filterSchema) });

/** Tick, step, least and most from the venue's own exchangeInfo, fee rates from the market that ccxt loaded. */
export function instrumentOf(client: binance, symbol: string): Instrument {
  const market = client.market(symbol);
  const info = infoSchema.parse(market['info']);
  const find = (filterType: string, name: string): unknown =>
    info.filters.find((filter) => filter.filterType === filterType)?.[name];
  const field = <Kind extends DecimalText>(filterType: string, name: string): Kind => {
    const { data } = amount.safeParse(find(filterType, name));
    if (data === undefined) throw new Error(`${client.id} gives no ${filterType}.${name} for ${symbol}`);
    return data as Kind;
  };
  /** Binance states what does not apply as zero. */
  const bound = <Kind extends DecimalText>(filterType: string, name: string): Kind | undefined => {
    const { data } = amount.safeParse(find(filterType, name));
    return data !== undefined && !decimal(data).isZero() ? (data as Kind) : undefined;
  };
  return {
    symbol,
    base: info.baseAsset,
    quote: info.quoteAsset,
    tickSize: field('PRICE_FILTER', 'tickSize'),
    stepSize: field('LOT_SIZE', 'stepSize'),
    minQuantity: field('LOT_SIZE', 'minQty'),
    maxQuantity: bound('LOT_SIZE', 'maxQty'),
    maxMarketQuantity: bound('MARKET_LOT_SIZE', 'maxQty'),
    minNotional: field('NOTIONAL', 'minNotional'),
    maxNotional: bound('NOTIONAL', 'maxNotional'),
    makerFeeRate: String(market['maker']),
    takerFeeRate: String(market['taker']),
  };
}
