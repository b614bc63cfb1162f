import { type Instrument, priceText, quantityText } from '../../../venues/simulated/engine/instrument.ts';
import { orderTypes, preventionModes } from '../../../venues/simulated/engine/types.ts';
import { isInterval, klines } from '../../../venues/simulated/market/klines.ts';
import { refuse } from './errors.ts';
import { filterShapes, MAX_OPEN_ORDERS } from './filters.ts';
import { type Call, operation, type Services } from './operation.ts';
import { type Query, type RawParameters, schemas } from './parameters.ts';
import { aggregateShape, bookTickerShape, depthRows, productText, tradeShape } from './shapes.ts';
import { averagePriceText, tickerShape } from './tickers.ts';

export function instrumentOf(services: Services, symbol: string): Instrument {
  const found = services.exchange.simulation.engine.instruments.find(({ id }) => id === symbol);
  if (!found || services.faults.isDelisted(symbol)) throw refuse.symbol();
  return found;
}

function listed({ exchange, faults }: Services): Instrument[] {
  return exchange.simulation.engine.instruments.filter(({ id }) => !faults.isDelisted(id));
}

const weightOne = () => 1;

export const publicOperations = [
  operation({
    method: 'GET',
    path: '/ping',
    socketMethod: 'ping',
    security: 'none',
    weight: weightOne,
    parameters: schemas.none,
    handle: () => ({}),
  }),
  operation({
    method: 'GET',
    path: '/time',
    socketMethod: 'time',
    security: 'none',
    weight: weightOne,
    parameters: schemas.none,
    handle: ({ services }) => ({ serverTime: services.exchange.now() }),
  }),
  operation({
    method: 'GET',
    path: '/exchangeInfo',
    socketMethod: 'exchangeInfo',
    security: 'none',
    weight: () => 20,
    parameters: schemas.exchangeInfo,
    handle: exchangeInfo,
  }),
  operation({
    method: 'GET',
    path: '/depth',
    socketMethod: 'depth',
    security: 'none',
    weight: depthWeight,
    parameters: schemas.depth,
    handle: depth,
  }),
  operation({
    method: 'GET',
    path: '/trades',
    socketMethod: 'trades.recent',
    security: 'none',
    weight: () => 25,
    parameters: schemas.trades,
    handle: ({ query: { symbol, limit }, services }) => {
      const instrument = instrumentOf(services, symbol);
      const trades = services.exchange.simulation.recent[instrument.index] ?? [];
      return trades.slice(-limit).map((trade) => tradeShape(instrument, trade));
    },
  }),
  operation({
    method: 'GET',
    path: '/historicalTrades',
    socketMethod: 'trades.historical',
    security: 'none',
    weight: () => 25,
    parameters: schemas.historicalTrades,
    handle: ({ query: { symbol, limit, fromId }, services }) => {
      const instrument = instrumentOf(services, symbol);
      const trades = services.exchange.simulation.recent[instrument.index] ?? [];
      const wanted =
        fromId === undefined ? trades.slice(-limit) : trades.filter(({ id }) => id >= fromId).slice(0, limit);
      return wanted.map((trade) => tradeShape(instrument, trade));
    },
  }),
  operation({
    method: 'GET',
    path: '/aggTrades',
    socketMethod: 'trades.aggregate',
    security: 'none',
    weight: () => 4,
    parameters: schemas.aggTrades,
    handle: aggregateTrades,
  }),
  operation({
    method: 'GET',
    path: '/klines',
    socketMethod: 'klines',
    security: 'none',
    weight: () => 2,
    parameters: schemas.klines,
    handle: candles,
  }),
  operation({
    method: 'GET',
    path: '/uiKlines',
    socketMethod: 'uiKlines',
    security: 'none',
    weight: () => 2,
    parameters: schemas.klines,
    handle: candles,
  }),
  operation({
    method: 'GET',
    path: '/avgPrice',
    socketMethod: 'avgPrice',
    security: 'none',
    weight: () => 2,
    parameters: schemas.symbol,
    handle: ({ query, services }) => {
      const instrument = instrumentOf(services, query.symbol);
      const { simulation } = services.exchange;
      const series = simulation.series[instrument.index];
      const minute = series?.last()?.minute ?? 0;
      const sum = { volume: 0, quote: 0, last: simulation.engine.book(instrument.index).lastPrice };
      for (const candle of series?.range(minute - 4, minute) ?? []) {
        sum.volume += candle.volume;
        sum.quote += candle.quote;
      }
      return { mins: 5, price: averagePriceText(instrument, sum), closeTime: simulation.marketAt() };
    },
  }),
  operation({
    method: 'GET',
    path: '/ticker/24hr',
    socketMethod: 'ticker.24hr',
    security: 'none',
    weight: (raw) => (raw['symbol'] === undefined ? 80 : 2),
    parameters: schemas.dayTickers,
    handle: ({ query, services }) =>
      each(query, services, (instrument) =>
        tickerShape(services.exchange.simulation, instrument, query.type ?? 'FULL'),
      ),
  }),
  operation({
    method: 'GET',
    path: '/ticker/price',
    socketMethod: 'ticker.price',
    security: 'none',
    weight: (raw) => (raw['symbol'] === undefined ? 4 : 2),
    parameters: schemas.tickers,
    handle: ({ query, services }) =>
      each(query, services, (instrument) => ({
        symbol: instrument.id,
        price: priceText(instrument, services.exchange.simulation.engine.book(instrument.index).lastPrice),
      })),
  }),
  operation({
    method: 'GET',
    path: '/ticker/bookTicker',
    socketMethod: 'ticker.book',
    security: 'none',
    weight: (raw) => (raw['symbol'] === undefined ? 4 : 2),
    parameters: schemas.tickers,
    handle: ({ query, services }) =>
      each(query, services, (instrument) =>
        bookTickerShape(instrument, services.exchange.simulation.engine.book(instrument.index)),
      ),
  }),
];

function exchangeInfo({ query: { symbol, symbols }, services }: Call<Query<'exchangeInfo'>>): unknown {
  const wanted = symbol === undefined ? symbols : [symbol];
  const chosen = wanted?.map((id) => instrumentOf(services, id)) ?? listed(services);
  return {
    timezone: 'UTC',
    serverTime: services.exchange.now(),
    rateLimits: rateLimitShapes(services),
    exchangeFilters: [],
    symbols: chosen.map((instrument) => ({
      symbol: instrument.id,
      status: statusOf(services, instrument),
      baseAsset: instrument.base,
      baseAssetPrecision: 8,
      quoteAsset: instrument.quote,
      quotePrecision: 8,
      quoteAssetPrecision: 8,
      baseCommissionPrecision: 8,
      quoteCommissionPrecision: 8,
      orderTypes,
      icebergAllowed: false,
      ocoAllowed: false,
      otoAllowed: false,
      opoAllowed: false,
      quoteOrderQtyMarketAllowed: true,
      allowTrailingStop: false,
      cancelReplaceAllowed: true,
      amendAllowed: false,
      pegInstructionsAllowed: false,
      isSpotTradingAllowed: true,
      isMarginTradingAllowed: false,
      filters: filterShapes(instrument, MAX_OPEN_ORDERS),
      permissions: [],
      permissionSets: [['SPOT']],
      defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
      allowedSelfTradePreventionModes: preventionModes,
    })),
  };
}

/** A market whose prices are away takes no orders: BREAK, as Binance calls that. */
function statusOf({ exchange: { simulation }, faults }: Services, { id, index }: Instrument): string {
  if (simulation.engine.book(index).halted) return faults.haltedAs(id);
  return simulation.isOpen(index) ? 'TRADING' : 'BREAK';
}

export function rateLimitShapes(services: Services): Array<Record<string, unknown>> {
  return [
    {
      rateLimitType: 'REQUEST_WEIGHT',
      interval: 'MINUTE',
      intervalNum: 1,
      limit: services.limits.weightPerMinute,
    },
    { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: services.limits.ordersPerTenSeconds },
  ];
}

function depthWeight(raw: RawParameters): number {
  const limit = Number(raw['limit'] ?? 100);
  if (limit <= 100) return 5;
  if (limit <= 500) return 25;
  return limit <= 1_000 ? 50 : 250;
}

function depth({ query: { symbol, limit }, services }: Call<Query<'depth'>>): unknown {
  const instrument = instrumentOf(services, symbol);
  const book = services.exchange.simulation.engine.book(instrument.index);
  return {
    lastUpdateId: services.exchange.depthUpdateId(instrument.index),
    bids: depthRows(instrument, book.bids.depth(limit)),
    asks: depthRows(instrument, book.asks.depth(limit)),
  };
}

function aggregateTrades({ query, services }: Call<Query<'aggTrades'>>): unknown {
  const { symbol, limit, fromId, startTime, endTime } = query;
  const instrument = instrumentOf(services, symbol);
  const trades = (services.exchange.simulation.recent[instrument.index] ?? []).filter(
    ({ id, at }) => id >= (fromId ?? 0) && at >= (startTime ?? 0) && at <= (endTime ?? Number.MAX_SAFE_INTEGER),
  );
  const forward = fromId !== undefined || startTime !== undefined;
  return (forward ? trades.slice(0, limit) : trades.slice(-limit)).map((trade) => aggregateShape(instrument, trade));
}

function candles({ query, services }: Call<Query<'klines'>>): unknown {
  const { symbol, interval, limit, startTime, endTime } = query;
  const instrument = instrumentOf(services, symbol);
  if (!isInterval(interval)) throw refuse.interval();
  const series = services.exchange.simulation.series[instrument.index];
  if (!series) return [];
  return klines(series, interval, { startAt: startTime, endAt: endTime, limit }).map((kline) => [
    kline.openAt,
    priceText(instrument, kline.open),
    priceText(instrument, kline.high),
    priceText(instrument, kline.low),
    priceText(instrument, kline.close),
    quantityText(instrument, kline.volume),
    kline.closeAt,
    productText(instrument, kline.quote),
    kline.trades,
    quantityText(instrument, kline.takerBuyVolume),
    productText(instrument, kline.takerBuyQuote),
    '0',
  ]);
}

/** One object for `symbol`, else an array. */
function each(
  { symbol, symbols }: Query<'tickers'>,
  services: Services,
  shape: (instrument: Instrument) => unknown,
): unknown {
  if (symbol !== undefined) return shape(instrumentOf(services, symbol));
  return (symbols?.map((id) => instrumentOf(services, id)) ?? listed(services)).map(shape);
}
