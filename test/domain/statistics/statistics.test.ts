import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  clamp,
  logReturns,
  mean,
  normalCdf,
  outcomeProbabilities,
  recencyWeighted,
  standardDeviation,
  uncertaintyOver,
} from '../../../domain/statistics/statistics.ts';

const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe('the normal distribution function', () => {
  // Values from a table of the standard normal.
  test.each([
    [0, 0.5],
    [0.5, 0.6914624613],
    [1, 0.8413447461],
    [1.644853627, 0.95],
    [1.959963985, 0.975],
    [2.575829304, 0.995],
    [-1, 0.1586552539],
    [-3, 0.001349898],
    [8, 1],
    [-40, 0],
  ])('at %d is %d', (x, expected) => {
    expect(Math.abs(normalCdf(x) - expected)).toBeLessThan(1e-7);
  });

  it('never falls and is symmetric', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -10, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (x, step) => {
          expect(normalCdf(x + step)).toBeGreaterThanOrEqual(normalCdf(x) - 1.6e-7);
          expect(normalCdf(x) + normalCdf(-x)).toBeCloseTo(1, 6);
        },
      ),
    );
  });
});

describe('samples', () => {
  it('has the mean and deviation of the textbook', () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(2.13808993529939, 12);
    expect([mean([]), standardDeviation([3])]).toEqual([0, 0]);
  });

  it('turns n prices into n − 1 log returns that add up to the whole', () => {
    const returns = logReturns([100, 110, 99]);
    expect(returns).toHaveLength(2);
    expect(returns[0]).toBeCloseTo(0.0953101798, 9);
    expect(returns.reduce((sum, value) => sum + value, 0)).toBeCloseTo(Math.log(0.99), 12);
  });

  it('weighs by recency: with half-life 1 the weights are 1, ½, ¼', () => {
    const weighted = recencyWeighted([7, 14, 28], 1);
    expect(weighted.mean).toBeCloseTo((28 + 7 + 1.75) / 1.75, 12);
    expect(weighted.effectiveCount).toBeCloseTo(1.75 ** 2 / 1.3125, 12);
    expect(recencyWeighted([], 5)).toEqual({ mean: 0, deviation: 0, effectiveCount: 0 });
  });

  it('gives equal weights the plain mean and count, as a long half-life does', () => {
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 30 }), (values) => {
        const weighted = recencyWeighted(values, 1e12);
        expect(weighted.mean).toBeCloseTo(mean(values), 3);
        expect(weighted.effectiveCount).toBeCloseTo(values.length, 6);
      }),
    );
  });
});

describe('probabilities of an outcome', () => {
  it('matches a worked case: 50 bps expected, 64 bps uncertain, band 20 bps', () => {
    const { up, flat, down } = outcomeProbabilities(0.005, 0.0064, 0.002);
    expect(up).toBeCloseTo(0.680376, 5); // Φ(0.46875)
    expect(down).toBeCloseTo(0.137032, 5); // Φ(−1.09375)
    expect(flat).toBeCloseTo(0.182592, 5);
  });

  it('always adds up to 1 within [0, 1] and mirrors with the sign', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -0.5, max: 0.5, noNaN: true }),
        fc.double({ min: 1e-4, max: 1, noNaN: true }),
        (expectedReturn, uncertainty) => {
          const straight = outcomeProbabilities(expectedReturn, uncertainty);
          const mirrored = outcomeProbabilities(-expectedReturn, uncertainty);
          for (const share of Object.values(straight)) {
            expect(share).toBeGreaterThanOrEqual(0);
            expect(share).toBeLessThanOrEqual(1);
          }
          expect(straight.up + straight.flat + straight.down).toBeCloseTo(1, 6);
          expect(straight.up).toBe(mirrored.down);
          expect(straight.flat).toBeCloseTo(mirrored.flat, 12);
        },
      ),
    );
  });
});

it('keeps an uncertainty between one basis point and 1', () => {
  expect(uncertaintyOver(0, 60)).toBe(0.0001);
  expect(uncertaintyOver(0.001, 100)).toBeCloseTo(0.01, 12);
  expect(uncertaintyOver(5, 60)).toBe(1);
  expect([clamp(-1, 0, 2), clamp(3, 0, 2), clamp(1, 0, 2)]).toEqual([0, 2, 1]);
});
