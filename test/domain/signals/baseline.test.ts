import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tagged } from '../../../domain/money/tagged.ts';
import { baselineView } from '../../../domain/signals/baseline.ts';
import { candlesOf, walk } from '../../agents/market.ts';

function viewOf(closes: readonly number[], horizonMinutes = 60) {
  const view = baselineView(candlesOf(closes), horizonMinutes);
  if (view === undefined) throw new Error('there should be a view');
  return view;
}

/** A series that alternates around a line of log prices: drift and deviation are known exactly. */
function zigzag(count: number, driftPerMinute: number, step: number): number[] {
  return Array.from(
    { length: count },
    (_, index) => 1_000 * Math.exp(driftPerMinute * index + (index % 2 === 0 ? step : -step)),
  );
}

/** Share of 400 markets, 60 % volatile a year, in which a window of 120 minutes is judged worth at least 35 bps over the next hour. */
function shareWorthTrading(driftPerHour: number): number {
  const views = Array.from({ length: 400 }, (_, index) =>
    viewOf(walk({ count: 120, seed: 1_000 + index * 7_919, driftPerHour })),
  );
  return views.filter(({ expectedReturn }) => expectedReturn >= 0.0035).length / views.length;
}

describe('the baseline rule', () => {
  it('needs thirty candles with a price', () => {
    expect(baselineView(candlesOf(walk({ count: 29, seed: 1 })), 60)).toBeUndefined();
    expect(Math.abs(baselineView(candlesOf(walk({ count: 30, seed: 1 })), 60)?.expectedReturn ?? 1)).toBeLessThan(0.1);
    const broken = candlesOf(walk({ count: 60, seed: 1 }));
    expect(
      baselineView(
        broken.map((candle, index) => (index === 5 ? { ...candle, close: tagged('0') } : candle)),
        60,
      ),
    ).toBeUndefined();
  });

  it('says flat of a market that stands still, in whole', () => {
    const view = viewOf(Array.from({ length: 60 }, () => 250));
    expect(view).toMatchObject({ expectedReturn: 0, tStatistic: 0, zScore: 0, uncertainty: 0.0001, conviction: 0.1 });
    expect(view.probabilities.flat).toBeCloseTo(1, 6);
  });

  it('carries a certain drift on in full, to its cap', () => {
    // 1 bp a minute without noise: t is huge, the shrinkage nothing, so 60 bps an hour.
    const climbing = viewOf(zigzag(121, 0.0001, 0));
    expect(climbing.expectedReturn).toBeCloseTo(0.006, 5);
    expect(climbing.conviction).toBe(0.8);
    expect(viewOf(zigzag(121, 0.001, 0)).expectedReturn).toBe(0.03);
  });

  it('claims a drift for no longer than it was seen', () => {
    const day = viewOf(zigzag(61, 0.0001, 0), 1_440);
    expect(day.expectedReturn).toBeCloseTo(0.006, 5);
  });

  it('has the numbers of a worked case', () => {
    // 120 returns of ±20 bps around 0.5 bp a minute, half-life 60 minutes.
    const view = viewOf(zigzag(121, 0.00005, 0.001));
    const decay = 0.5 ** (1 / 60);
    const effectiveCount = ((1 + decay) / (1 - decay)) * ((1 - decay ** 120) / (1 + decay ** 120));
    // The newest return is +20 bps and weights fall by `decay`, so the alternating part leaves (1 − d)/(1 + d) of itself.
    const drift = 0.00005 + 0.002 * ((1 - decay) / (1 + decay));
    const deviation = Math.sqrt(0.00205 ** 2 / 2 + 0.00195 ** 2 / 2 - drift ** 2);
    expect(view.tStatistic).toBeCloseTo((drift * Math.sqrt(effectiveCount)) / deviation, 2);
    expect(view.uncertainty).toBeCloseTo(deviation * Math.sqrt(60), 4);
    const significance = view.tStatistic ** 2 / (1 + view.tStatistic ** 2);
    const excursion = 0.001 + 0.00005 * 9.5;
    expect(view.expectedReturn).toBeCloseTo(
      significance * drift * 60 - 0.25 * excursion * (1 - Math.abs(view.tStatistic)),
      5,
    );
  });

  it('leans against an excursion while the drift is insignificant', () => {
    const quiet = zigzag(100, 0, 0.001);
    const last = quiet.at(-1) ?? 0;
    const after = viewOf([...quiet, last * 1.004]);
    expect(Math.abs(after.tStatistic)).toBeLessThan(1);
    expect(after.zScore).toBeGreaterThan(0.5);
    expect(after.expectedReturn).toBeLessThan(0);
  });

  const closes = fc
    .record({
      seed: fc.integer({ min: 1, max: 1e9 }),
      count: fc.integer({ min: 30, max: 150 }),
      driftPerHour: fc.double({ min: -0.02, max: 0.02, noNaN: true }),
      volatilityPerYear: fc.double({ min: 0.05, max: 2, noNaN: true }),
    })
    .map((options) => walk({ ...options, start: 1_000 }));

  it('does not depend on the unit of the price', () => {
    fc.assert(
      fc.property(closes, fc.constantFrom(7, 64, 12_345), (series, factor) => {
        const scaled = viewOf(series.map((close) => close * factor));
        const { expectedReturn, uncertainty, conviction } = viewOf(series);
        expect(scaled.expectedReturn).toBeCloseTo(expectedReturn, 8);
        expect(scaled.uncertainty).toBeCloseTo(uncertainty, 8);
        expect(scaled.conviction).toBeCloseTo(conviction, 6);
      }),
    );
  });

  it('mirrors its view of a mirrored market', () => {
    fc.assert(
      fc.property(closes, (series) => {
        const straight = viewOf(series);
        const mirrored = viewOf(series.map((close) => 1e6 / close));
        expect(mirrored.expectedReturn).toBeCloseTo(-straight.expectedReturn, 8);
        expect(mirrored.probabilities.up).toBeCloseTo(straight.probabilities.down, 5);
        expect(mirrored.probabilities.flat).toBeCloseTo(straight.probabilities.flat, 5);
      }),
    );
  });

  it('keeps every number within its bounds', () => {
    fc.assert(
      fc.property(closes, fc.integer({ min: 1, max: 10_080 }), (series, horizonMinutes) => {
        const view = viewOf(series, horizonMinutes);
        expect(Math.abs(view.expectedReturn)).toBeLessThanOrEqual(0.03);
        expect(view.uncertainty).toBeGreaterThanOrEqual(0.0001);
        expect(view.uncertainty).toBeLessThanOrEqual(1);
        expect(view.conviction).toBeGreaterThanOrEqual(0.1);
        expect(view.conviction).toBeLessThanOrEqual(0.8);
        const { up, flat, down } = view.probabilities;
        expect(up + flat + down).toBeCloseTo(1, 6);
      }),
    );
  });

  it('sees a trend often enough to trade it, and noise seldom', () => {
    expect(shareWorthTrading(0.01)).toBeGreaterThan(0.7);
    expect(shareWorthTrading(0.0065)).toBeGreaterThan(0.45);
    expect(shareWorthTrading(0.003)).toBeGreaterThan(0.2);
    expect(shareWorthTrading(0)).toBeLessThan(0.16);
    expect(shareWorthTrading(-0.0065)).toBeLessThan(0.03);
  });
});
