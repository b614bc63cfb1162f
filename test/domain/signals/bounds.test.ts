import { expect, it } from 'vitest';
import type { SymbolSnapshot } from '../../../domain/market/market.ts';
import { boundedByMarket, deviationAMinute, deviationsIn } from '../../../domain/signals/bounds.ts';
import type { Signal } from '../../../domain/signals/signals.ts';
import { outcomeProbabilities } from '../../../domain/statistics/statistics.ts';
import { sealSnapshot } from '../../../stores/market-buffer/snapshots.ts';
import { bookAround, candlesOf, symbolSnapshot, walk } from '../../agents/market.ts';
import { signal } from '../consensus/answers.ts';

/** In a market of this deviation, over whatever horizon. */
const bounded = (signal: Signal, deviation: number) => boundedByMarket(signal, () => deviation) ?? expect.fail();
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
  const after = bounded(before, market);
  expect([after.expectedReturn, after.uncertainty]).toEqual([boundMean, boundDeviation]);
  if (mean === boundMean && deviation === boundDeviation) expect(after).toBe(before);
  else {
    expect(after.probabilities).toEqual(outcomeProbabilities(boundMean, boundDeviation));
    expect(after.rebuilt).toEqual({ by: 'market', expectedReturn: mean, uncertainty: deviation });
  }
  expect(bounded(after, market)).toBe(after);
});

it('keeps what was said at first of one that was rebuilt before', () => {
  const rebuilt = { by: 'probabilities', expectedReturn: 0.4, uncertainty: 0 } as const;
  expect(bounded({ ...said(0.02, 0.01), rebuilt }, 0.01).rebuilt).toEqual({ ...rebuilt, by: 'market' });
});

const closes = walk({ count: 400, seed: 3, volatilityPerYear: 0.6 });
const market = symbolSnapshot('BTC/USDT', candlesOf(closes), bookAround(100));

it('knows a market by at least thirty of its candles, whatever their length', () => {
  const over = (horizonMs: number, changes: Partial<SymbolSnapshot> = {}) =>
    deviationsIn({ symbols: [{ ...market, ...changes }] })('BTC/USDT', horizonMs);
  const hour = over(3_600_000) ?? 0;
  // 60 % a year are 64 basis points an hour, and half of it in a quarter of the time.
  expect(hour * 10_000).toBeCloseTo(64, -1);
  expect(over(900_000)).toBeCloseTo(hour / 2, 12);
  expect(over(3_600_000, { timeframe: '15m' })).toBeCloseTo(hour / Math.sqrt(15), 12);
  const last = (count: number) => over(3_600_000, { candles: market.candles.slice(-count) });
  expect([typeof last(30), last(29)]).toEqual(['number', undefined]);
});

it('knows a market by the reference to its snapshot as by the snapshot, and of another nothing', () => {
  const { reference } = sealSnapshot({ venue: 'v', mode: 'paper', takenAt: 1, symbols: [market] });
  const [whole, referred] = [deviationsIn({ symbols: [market] }), deviationsIn(reference)];
  expect(referred('BTC/USDT', 3_600_000)).toBe(whole('BTC/USDT', 3_600_000));
  expect(referred('ETH/USDT', 3_600_000)).toBeUndefined();
  expect(boundedByMarket(said(0, 0.1), referred)).toEqual(said(0, 0.1));
  expect(boundedByMarket({ ...said(0, 0.1), symbol: 'ETH/USDT' }, referred)).toBeUndefined();
  // Of too few candles it says nothing.
  const short = sealSnapshot({ venue: 'v', mode: 'paper', takenAt: 1, symbols: [{ ...market, candles: [] }] });
  expect(short.reference.tops[0]).not.toHaveProperty('deviationAMinute');
  expect(deviationAMinute(market)).toBe(reference.tops[0]?.deviationAMinute);
});
