import type { binance } from 'ccxt';
import { z } from 'zod';
import { createBreaker } from '../../contracts/telemetry/breaker.ts';
import type { BookLevel, Candle, Instrument, Mode } from '../../domain/market.ts';
import { decimal, text } from '../../domain/money.ts';
import { fetchServerTime, timed } from './ccxt-client.ts';
import type { MarketDataPort } from './index.ts';
import { createVenueClock } from './venue-clock.ts';

const MINUTE_MS = 60_000;

const amount = z.string().regex(/^\d+(\.\d+)?$/);
const depthSchema = z.object({ bids: z.array(z.tuple([amount, amount])), asks: z.array(z.tuple([amount, amount])) });
const klinesSchema = z.array(z.tuple([z.int(), amount, amount, amount, amount, amount], z.unknown()));

const plain = (value: string): string => text(decimal(value));

/** Market data through ccxt's raw endpoints: its unified answers hold floats, and prices must stay the decimals that the venue sent. */
export async function createCcxtMarket(client: binance, mode: Mode): Promise<MarketDataPort> {
  const breaker = createBreaker('exchange', 'market-data');
  await timed('exchangeInfo', () => client.loadMarkets());
  const exchangeTime = createVenueClock(() => fetchServerTime(client));

  return {
    venue: client.id,
    mode,
    exchangeTime,
    async symbolSnapshot(symbol, candles, bookLevels) {
      const instrument = instrumentOf(client, symbol);
      const id = client.market(symbol)['id'];
      const [depth, klines] = await breaker.execute(() =>
        Promise.all([
          timed('depth', () => client.publicGetDepth({ symbol: id, limit: bookLevels })),
          // One more than asked, since the running candle is left out.
          timed('klines', () => client.publicGetKlines({ symbol: id, interval: '1m', limit: candles + 1 })),
        ]),
      );
      const now = await exchangeTime();
      const book = depthSchema.parse(depth);
      return {
        instrument,
        candles: klinesSchema
          .parse((klines as unknown[]).map((row) => (Array.isArray(row) ? [Number(row[0]), ...row.slice(1)] : row)))
          .map(toCandle)
          .filter(({ openAt }) => openAt + MINUTE_MS <= now)
          .slice(-candles),
        book: { bids: book.bids.slice(0, bookLevels).map(toLevel), asks: book.asks.slice(0, bookLevels).map(toLevel) },
      };
    },
  };
}

function toCandle([openAt, open, high, low, close, volume]: z.output<typeof klinesSchema>[number]): Candle {
  return { openAt, open: plain(open), high: plain(high), low: plain(low), close: plain(close), volume: plain(volume) };
}

function toLevel([price, quantity]: [string, string]): BookLevel {
  return [plain(price), plain(quantity)];
}

const filterSchema = z.looseObject({ filterType: z.string() });
const infoSchema = z.object({ baseAsset: z.string(), quoteAsset: z.string(), filters: z.array(filterSchema) });

/** Tick, step and minimum from the venue's own exchangeInfo, fee rates from the market that ccxt loaded. */
export function instrumentOf(client: binance, symbol: string): Instrument {
  const market = client.market(symbol);
  const info = infoSchema.parse(market['info']);
  const field = (filterType: string, name: string): string => {
    const value = info.filters.find((filter) => filter.filterType === filterType)?.[name];
    if (typeof value !== 'string') throw new Error(`${client.id} gives no ${filterType}.${name} for ${symbol}`);
    return plain(value);
  };
  return {
    symbol,
    base: info.baseAsset,
    quote: info.quoteAsset,
    tickSize: field('PRICE_FILTER', 'tickSize'),
    stepSize: field('LOT_SIZE', 'stepSize'),
    minQuantity: field('LOT_SIZE', 'minQty'),
    minNotional: field('NOTIONAL', 'minNotional'),
    makerFeeRate: String(market['maker'] ?? 0.001),
    takerFeeRate: String(market['taker'] ?? 0.001),
  };
}
