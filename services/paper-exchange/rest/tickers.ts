import type { Instrument } from '../../../venues/simulated/engine/instrument.ts';
import { priceText, quantityText } from '../../../venues/simulated/engine/instrument.ts';
import { formatUnits } from '../../../venues/simulated/engine/units.ts';
import { append, flatCandle, MINUTE_MS } from '../../../venues/simulated/market/candles.ts';
import type { Simulation } from '../../../venues/simulated/market/simulation.ts';
import { bookTickerShape, productText } from './shapes.ts';

const DAY_MINUTES = 1_440;

/** Statistics of the last 24 hours, in the figures that both REST and the streams give. */
export interface DayStatistics {
  /** Price before the first of its trades. */
  previousClose: number;
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
  const closeAt = simulation.marketAt();
  const { lastPrice } = simulation.engine.book(instrument.index);
  const opens = (series?.last()?.minute ?? 0) - DAY_MINUTES + 1;
  const [first, ...rest] = series?.range(opens, opens + DAY_MINUTES - 1) ?? [];
  const day = { ...(first ?? flatCandle(opens, lastPrice, -1)) };
  for (const candle of rest) append(day, candle);
  const last = simulation.recent[instrument.index]?.at(-1);
  return {
    ...day,
    previousClose: series?.range(opens - 1, opens - 1)[0]?.close ?? first?.open ?? lastPrice,
    last: lastPrice,
    lastQuantity: last?.quantity ?? 0,
    lastTradeId: last?.id ?? -1,
    openAt: closeAt - DAY_MINUTES * MINUTE_MS,
    closeAt,
  };
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
    prevClosePrice: priceText(instrument, day.previousClose),
    lastQty: quantityText(instrument, day.lastQuantity),
  };
}
