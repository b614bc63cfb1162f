import { describe, expect, it } from 'vitest';
import { candlesIn, candlesOf, packed, pastOf, timeframeOf } from '../../../domain/market/frames.ts';
import { lengthOf, minutesOf, timeframes } from '../../../domain/market/timeframes.ts';
import { bookAround, candlesOf as minuteCandles, symbolSnapshot, walk } from '../../agents/market.ts';

const candles = (count: number) => minuteCandles(walk({ count, seed: 1 }));
const snapshot = symbolSnapshot('BTC/USDT', candles(3), bookAround(100));

describe('timeframes', () => {
  it('are in their order, each a whole part of a day', () => {
    expect(timeframes.map(minutesOf)).toEqual([1, 3, 5, 15, 60, 240, 1_440]);
    expect(lengthOf('15m')).toBe(900_000);
  });
});

describe('the candles of a snapshot', () => {
  it('are minutes where it does not say what they are, as in those of earlier releases', () => {
    expect(timeframeOf(snapshot)).toBe('1m');
    expect(candlesIn(3_600_000, snapshot)).toBe(60);
    expect(candlesOf(snapshot, '1m')).toBe(snapshot.candles);
    expect(candlesOf(snapshot, '1h')).toEqual([]);
  });

  it('of another length are those of its frames, as they were', () => {
    const minutes = candles(120);
    const hourly = {
      ...snapshot,
      timeframe: '1h' as const,
      frames: [{ timeframe: '1m' as const, candles: minutes.map(packed) }],
    };
    expect(candlesIn(86_400_000, hourly)).toBe(24);
    expect(candlesOf(hourly, '1h')).toBe(snapshot.candles);
    expect(candlesOf(hourly, '1m')).toEqual(minutes);
  });

  it('are the longer past, where a frame has the same length', () => {
    const frames = (count: number) => [{ timeframe: '1m' as const, candles: candles(count).map(packed) }];
    expect(candlesOf({ ...snapshot, frames: frames(9) }, '1m')).toHaveLength(9);
    expect(candlesOf({ ...snapshot, frames: frames(2) }, '1m')).toBe(snapshot.candles);
  });
});

describe('a long past', () => {
  it('has the closes that follow the last gap', () => {
    const rows = candles(6).map(packed);
    const closes = rows.map(([, , , , close]) => close);
    const of = (some: typeof rows) => pastOf({ timeframe: '1m', candles: some });
    expect(of(rows)).toEqual({ timeframe: '1m', openAt: rows[0]?.[0], closes });
    expect(of([...rows.slice(0, 2), ...rows.slice(3)])).toEqual({
      timeframe: '1m',
      openAt: rows[3]?.[0],
      closes: closes.slice(3),
    });
    expect(of([...rows.slice(0, 4), ...rows.slice(5)])?.closes).toEqual(closes.slice(5));
    expect(of([])).toBeUndefined();
  });
});
