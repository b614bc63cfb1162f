import type { binance } from 'ccxt';
import { z } from 'zod';
import type { Candle, Instrument, Mode } from '../../domain/market/market.ts';
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
  const markets = await loadMarkets(client);
  const { now: exchangeTime } = venueClockOf(client);
  const candleHistory = createCandleHistory(client, speed);

  return {
    venue: client.id,
    mode,
    exchangeTime,
    listing: markets.listing,
    async symbolSnapshot(symbol, candles, bookLevels) {
      const now = await exchangeTime();
      const id = String(client.market(symbol)['id']);
      const [book, history] = await breaker
        .execute(() => Promise.all([readBook(client, id, bookLevels), candleHistory(symbol, candles, now)]))
        .catch((error: unknown) => {
          markets.doubt(error);
          throw error;
        });
      if (speed === 1 && isStale(history, now)) {
        // Where it is the exchange that has stopped this market, the next attempt knows.
        await markets.renew();
        throw new Error(`the market data of ${symbol} stand still: the newest candle is ${ageOf(history, now)}`);
      }
      return { instrument: instrumentOf(client, symbol), candles: history, book };
    },
  };
}

/** A market goes on each minute: where the newest finished candle is older than this, the data stand still. */
const STALE_MS = 180_000;

function isStale(candles: readonly Candle[], now: number): boolean {
  const newest = candles.at(-1);
  return newest === undefined || newest.openAt < now - STALE_MS;
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
