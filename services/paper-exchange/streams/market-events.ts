import type { Book } from '../../../venues/simulated/engine/book.ts';
import { type Instrument, priceText, quantityText } from '../../../venues/simulated/engine/instrument.ts';
import type { Trade } from '../../../venues/simulated/engine/types.ts';
import type { Kline } from '../../../venues/simulated/market/klines.ts';
import { aggregateShape, depthRows, productText } from '../rest/shapes.ts';
import { averagePriceText, type DayStatistics, percentText, signedPriceText } from '../rest/tickers.ts';

export interface DepthDifference {
  first: number;
  last: number;
  bids: Array<[number, number]>;
  asks: Array<[number, number]>;
}

export function tradeEvent(instrument: Instrument, trade: Trade, eventAt: number): unknown {
  return {
    e: 'trade',
    E: eventAt,
    s: instrument.id,
    t: trade.id,
    p: priceText(instrument, trade.price),
    q: quantityText(instrument, trade.quantity),
    T: trade.at,
    m: trade.buyerIsMaker,
    M: true,
  };
}

export function aggregateTradeEvent(instrument: Instrument, trade: Trade, eventAt: number): unknown {
  return { e: 'aggTrade', E: eventAt, s: instrument.id, ...aggregateShape(instrument, trade) };
}

export function klineEvent(
  instrument: Instrument,
  interval: string,
  kline: Kline,
  closed: boolean,
  eventAt: number,
): unknown {
  return {
    e: 'kline',
    E: eventAt,
    s: instrument.id,
    k: {
      t: kline.openAt,
      T: kline.closeAt,
      s: instrument.id,
      i: interval,
      f: kline.firstTradeId,
      L: kline.lastTradeId,
      o: priceText(instrument, kline.open),
      c: priceText(instrument, kline.close),
      h: priceText(instrument, kline.high),
      l: priceText(instrument, kline.low),
      v: quantityText(instrument, kline.volume),
      n: kline.trades,
      x: closed,
      q: productText(instrument, kline.quote),
      V: quantityText(instrument, kline.takerBuyVolume),
      Q: productText(instrument, kline.takerBuyQuote),
      B: '0',
    },
  };
}

export function miniTickerEvent(instrument: Instrument, day: DayStatistics, eventAt: number): Record<string, unknown> {
  return {
    e: '24hrMiniTicker',
    E: eventAt,
    s: instrument.id,
    c: priceText(instrument, day.last),
    o: priceText(instrument, day.open),
    h: priceText(instrument, day.high),
    l: priceText(instrument, day.low),
    v: quantityText(instrument, day.volume),
    q: productText(instrument, day.quote),
  };
}

export function tickerEvent(instrument: Instrument, day: DayStatistics, book: Book, eventAt: number): unknown {
  const bid = book.bids.best();
  const ask = book.asks.best();
  return {
    ...miniTickerEvent(instrument, day, eventAt),
    e: '24hrTicker',
    p: signedPriceText(instrument, day.last - day.open),
    P: percentText(day),
    w: averagePriceText(instrument, day),
    x: priceText(instrument, day.previousClose),
    Q: quantityText(instrument, day.lastQuantity),
    b: priceText(instrument, bid?.price ?? 0),
    B: quantityText(instrument, bid?.total ?? 0),
    a: priceText(instrument, ask?.price ?? 0),
    A: quantityText(instrument, ask?.total ?? 0),
    O: day.openAt,
    C: day.closeAt,
    F: day.firstTradeId,
    L: day.lastTradeId,
    n: day.trades,
  };
}

export function bookTickerEvent(instrument: Instrument, book: Book, updateId: number): unknown {
  const bid = book.bids.best();
  const ask = book.asks.best();
  return {
    u: updateId,
    s: instrument.id,
    b: priceText(instrument, bid?.price ?? 0),
    B: quantityText(instrument, bid?.total ?? 0),
    a: priceText(instrument, ask?.price ?? 0),
    A: quantityText(instrument, ask?.total ?? 0),
  };
}

export function depthEvent(instrument: Instrument, difference: DepthDifference, eventAt: number): unknown {
  return {
    e: 'depthUpdate',
    E: eventAt,
    s: instrument.id,
    U: difference.first,
    u: difference.last,
    b: depthRows(instrument, difference.bids),
    a: depthRows(instrument, difference.asks),
  };
}

export function partialDepth(instrument: Instrument, book: Book, levels: number, updateId: number): unknown {
  return {
    lastUpdateId: updateId,
    bids: depthRows(instrument, book.bids.depth(levels)),
    asks: depthRows(instrument, book.asks.depth(levels)),
  };
}
