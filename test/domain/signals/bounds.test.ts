import { expect, it } from 'vitest';
import { boundedByMarket, marketDeviation } from '../../../domain/signals/bounds.ts';
import { outcomeProbabilities } from '../../../domain/statistics/statistics.ts';
import { bookAround, candlesOf, symbolSnapshot, walk } from '../../agents/market.ts';
import { signal } from '../consensus/answers.ts';

const said = (expectedReturn: number, uncertainty: number) => signal('my-model', { expectedReturn, uncertainty });

// Half a deviation of the market, never more than 3 %, and an uncertainty that is at least the market's.
it.each([
  ['a view within', 0.004, 0.01, 0.01, 0.004, 0.01],
  ['one at the bound', -0.005, 0.01, 0.01, -0.005, 0.01],
  ['a loud one', 0.05, 0.02, 0.01, 0.005, 0.02],
  ['a loud one downwards', -0.5, 0, 0.0053, -0.00265, 0.0053],
  ['a sure one', 0.001, 0.0001, 0.01, 0.001, 0.01],
  ['one in a market that moves by a fifth', 0.09, 0.2, 0.2, 0.03, 0.2],
])('%s', (_, mean, deviation, market, boundMean, boundDeviation) => {
  const before = said(mean, deviation);
  const after = boundedByMarket(before, market);
  expect([after.expectedReturn, after.uncertainty]).toEqual([boundMean, boundDeviation]);
  if (mean === boundMean && deviation === boundDeviation) expect(after).toBe(before);
  else {
    expect(after.probabilities).toEqual(outcomeProbabilities(boundMean, boundDeviation));
    expect(after.rebuilt).toEqual({ by: 'market', expectedReturn: mean, uncertainty: deviation });
  }
  expect(boundedByMarket(after, market)).toBe(after);
});

it('keeps what was said at first of one that was rebuilt before', () => {
  const rebuilt = { by: 'probabilities', expectedReturn: 0.4, uncertainty: 0 } as const;
  expect(boundedByMarket({ ...said(0.02, 0.01), rebuilt }, 0.01).rebuilt).toEqual({ ...rebuilt, by: 'market' });
});

it('knows a market by at least thirty of its candles, whatever their length', () => {
  const closes = walk({ count: 400, seed: 3, volatilityPerYear: 0.6 });
  const snapshot = symbolSnapshot('BTC/USDT', candlesOf(closes), bookAround(100));
  // 60 % a year are 64 basis points an hour, and half of it in a quarter of the time.
  expect((marketDeviation(snapshot, 3_600_000) ?? 0) * 10_000).toBeCloseTo(64, -1);
  const hour = marketDeviation(snapshot, 3_600_000) ?? 0;
  expect(marketDeviation(snapshot, 900_000)).toBeCloseTo(hour / 2, 12);
  expect(marketDeviation({ ...snapshot, timeframe: '15m' }, 3_600_000)).toBeCloseTo(hour / Math.sqrt(15), 12);
  const last = (count: number) => marketDeviation({ ...snapshot, candles: snapshot.candles.slice(-count) }, 3_600_000);
  expect([typeof last(30), last(29)]).toEqual(['number', undefined]);
});
