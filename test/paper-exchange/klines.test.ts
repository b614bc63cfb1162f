import { describe, expect, test } from 'vitest';
import { dayStatistics } from '../../services/paper-exchange/rest/tickers.ts';
import { createInstrument } from '../../venues/simulated/engine/instrument.ts';
import { CandleSeries, flatCandle } from '../../venues/simulated/market/candles.ts';
import { klines } from '../../venues/simulated/market/klines.ts';
import type { Simulation } from '../../venues/simulated/market/simulation.ts';

/** Minutes from 0 on, with a trade of one step at these prices and none where there is `undefined`. */
function series(prices: (number | undefined)[], before = 50): CandleSeries {
  const made = new CandleSeries(10_000);
  made.push(flatCandle(-1, before, -1));
  for (const [minute, price] of prices.entries()) {
    made.openUntil(minute);
    if (price !== undefined) made.add({ price, quantity: 1, buyerIsMaker: false, id: minute });
  }
  return made;
}

const silent = (minutes: number) => Array.from({ length: minutes }, () => undefined);

const figures = (made: CandleSeries, interval: string) =>
  klines(made, interval, { startAt: 0, limit: 10 }).map(({ openAt, open, high, low, close, volume }) => [
    openAt / 60_000,
    open,
    high,
    low,
    close,
    volume,
  ]);

describe('a kline of more than a minute', () => {
  test('opens at its first trade where its first minute had none', () => {
    const made = series([100, undefined, undefined, undefined, undefined, undefined, 101]);
    expect(figures(made, '5m')).toEqual([
      [0, 100, 100, 100, 100, 1],
      [5, 101, 101, 101, 101, 1],
    ]);
    expect(klines(made, '5m', { startAt: 0, limit: 10 })[1]?.firstTradeId).toBe(6);
  });

  test('keeps the high and low of its own trades, whichever side of the close before it they lie', () => {
    const made = series([undefined, 80, 70, undefined, 90], 100);
    expect(figures(made, '5m')).toEqual([[0, 80, 90, 70, 90, 3]]);
  });

  test('is flat at the close before it, without volume, where it had no trade', () => {
    const made = series([100, 103, ...silent(8)]);
    expect(figures(made, '5m')).toEqual([
      [0, 100, 103, 100, 103, 2],
      [5, 103, 103, 103, 103, 0],
    ]);
  });

  test('takes what a file without volumes tells of its minutes', () => {
    const made = new CandleSeries(100);
    made.push({ ...flatCandle(0, 100, -1), close: 102, high: 104, low: 99 });
    made.push({ ...flatCandle(1, 102, -1), close: 101, high: 103, low: 98 });
    expect(figures(made, '3m')).toEqual([[0, 100, 104, 98, 101, 0]]);
  });

  test.each(['3m', '5m', '15m', '30m', '1h'])('%s: no minute without a trade changes the figures', (interval) => {
    const prices = Array.from({ length: 120 }, (_, minute) =>
      minute % 7 < 2 ? undefined : 1_000 + ((minute * 37) % 50),
    );
    for (const [, open, high, low] of figures(series(prices, 1), interval)) {
      expect([open, high, low].every((price) => Number(price) >= 1_000)).toBe(true);
    }
  });
});

test('the statistics of a day open at its first trade, and tell the price before it beside', () => {
  const prices = [100, ...silent(1_439), undefined, 80, 90];
  const made = series(prices);
  const instrument = createInstrument({ symbol: 'BTC/USDT', tickSize: '0.01', stepSize: '0.01', minNotional: '5' }, 0);
  const simulation = {
    series: [made],
    recent: [[]],
    engine: { book: () => ({ lastPrice: 90 }) },
    marketAt: () => (prices.length - 1) * 60_000,
  } as unknown as Simulation;
  expect(dayStatistics(simulation, instrument)).toMatchObject({
    previousClose: 100,
    open: 80,
    high: 90,
    low: 80,
    volume: 2,
    trades: 2,
    firstTradeId: 1_441,
  });
});
