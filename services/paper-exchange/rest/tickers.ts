import type { Instrument } from '../engine/instrument.ts';
import { priceText, quantityText } from '../engine/instrument.ts';
import { formatUnits } from '../engine/units.ts';
import type { Simulation } from '../market/simulation.ts';
import { bookTickerShape, productText } from './shapes.ts';

const DAY_MINUTES = 1_440;

/** Statistics of the last 24 hours, in the figures that both REST and the streams give. */
export interface DayStatistics {
  open: number;
  high: number;
  low: number;
  last: number;
  lastQuantity: number;
  volume: number;
  quote: number;
  trades: number;
  firstTradeId: number;
  lastTradeId: number;
  openAt: number;
  closeAt: number;
}

export function dayStatistics(simulation: Simulation, instrument: Instrument): DayStatistics {
  const series = simulation.series[instrument.index];
  const minute = series?.last()?.minute ?? 0;
  const candles = series?.range(minute - DAY_MINUTES + 1, minute) ?? [];
  const closeAt = simulation.marketAt();
  const last = simulation.recent[instrument.index]?.at(-1);
  const day: DayStatistics = {
    open: candles[0]?.open ?? 0,
    high: 0,
    low: Number.MAX_SAFE_INTEGER,
    last: simulation.engine.book(instrument.index).lastPrice,
    lastQuantity: last?.quantity ?? 0,
    volume: 0,
    quote: 0,
    trades: 0,
    firstTradeId: -1,
    lastTradeId: last?.id ?? -1,
    openAt: closeAt - DAY_MINUTES * 60_000,
    closeAt,
  };
  for (const candle of candles) {
    day.high = Math.max(day.high, candle.high);
    day.low = Math.min(day.low, candle.low);
    day.volume += candle.volume;
    day.quote += candle.quote;
    day.trades += candle.trades;
    if (day.firstTradeId < 0 && candle.firstTradeId >= 0) day.firstTradeId = candle.firstTradeId;
  }
  return day;
}

export function averagePriceText(instrument: Instrument, day: { volume: number; quote: number; last: number }): string {
  return priceText(instrument, day.volume > 0 ? Math.round(day.quote / day.volume) : day.last);
}

export function signedPriceText(instrument: Instrument, ticks: number): string {
  return formatUnits(BigInt(ticks) * instrument.tickUnits);
}

export function percentText(day: DayStatistics): string {
  return day.open > 0 ? (((day.last - day.open) / day.open) * 100).toFixed(3) : '0.000';
}

export function tickerShape(simulation: Simulation, instrument: Instrument, kind: 'FULL' | 'MINI'): unknown {
  const day = dayStatistics(simulation, instrument);
  const mini = {
    symbol: instrument.id,
    openPrice: priceText(instrument, day.open),
    highPrice: priceText(instrument, day.high),
    lowPrice: priceText(instrument, day.low),
    lastPrice: priceText(instrument, day.last),
    volume: quantityText(instrument, day.volume),
    quoteVolume: productText(instrument, day.quote),
    openTime: day.openAt,
    closeTime: day.closeAt,
    firstId: day.firstTradeId,
    lastId: day.lastTradeId,
    count: day.trades,
  };
  if (kind === 'MINI') return mini;
  const { symbol: _symbol, ...book } = bookTickerShape(instrument, simulation.engine.book(instrument.index));
  return {
    ...mini,
    ...book,
    priceChange: signedPriceText(instrument, day.last - day.open),
    priceChangePercent: percentText(day),
    weightedAvgPrice: averagePriceText(instrument, day),
    prevClosePrice: priceText(instrument, day.open),
    lastQty: quantityText(instrument, day.lastQuantity),
  };
}
