import { describe, expect, it } from 'vitest';
import { deviationOf, normalCrps, returnSumsWith } from '../../../domain/scoring/returns.ts';

describe('the continuous ranked probability score of a normal forecast', () => {
  it.each([
    // σ·(z·(2Φ(z) − 1) + 2φ(z) − 1/√π), by tables of Φ and φ.
    [0, 1, 0, 0.233695],
    [0, 1, 1, 0.602441],
    [0, 1, -2, 1.452791],
    [0.5, 2, 0.5, 0.46739],
    [1, 0.5, 2, 0.726396],
  ])('of Normal(%d, %d) is after %d %d', (mean, deviation, outcome, expected) => {
    expect(normalCrps(mean, deviation, outcome)).toBeCloseTo(expected, 5);
  });
});

describe('the sums of expected returns', () => {
  it('are of what was said and what came, alone and in units of the uncertainty', () => {
    const sums = returnSumsWith([
      { expectedReturn: 0.004, uncertainty: 0.01, realisedReturn: 0.01, deviation: 0.008 },
      { expectedReturn: -0.002, uncertainty: 0.005, realisedReturn: 0.0075 },
    ]);
    expect(sums).toMatchObject({ count: 2, covered: 1, compared: 1 });
    expect(sums.said).toBeCloseTo(0.002, 12);
    expect(sums.came).toBeCloseTo(0.0175, 12);
    expect(sums.cameSquared).toBeCloseTo(0.01 ** 2 + 0.0075 ** 2, 12);
    expect(sums.score).toBeCloseTo(0.4 - 0.4, 12);
    expect(sums.outcome).toBeCloseTo(1 + 1.5, 12);
    expect(sums.scoreSquared).toBeCloseTo(0.32, 12);
    expect(sums.scoreOutcome).toBeCloseTo(0.4 * 1 - 0.4 * 1.5, 12);
    expect(sums.outcomeSquared).toBeCloseTo(1 + 2.25, 12);
    expect(sums.crps).toBeCloseTo(normalCrps(0.004, 0.01, 0.01), 12);
    expect(sums.referenceCrps).toBeCloseTo(normalCrps(0, 0.008, 0.01), 12);
  });

  it('count no expected return beyond four uncertainties, and no uncertainty below a basis point', () => {
    const sums = returnSumsWith([{ expectedReturn: 0.03, uncertainty: 0, realisedReturn: 0.001, deviation: 0 }]);
    expect(sums.score).toBe(4);
    expect(sums.outcome).toBeCloseTo(10, 9);
    expect(Object.values(sums).every(Number.isFinite)).toBe(true);
  });
});

describe('the deviation of a market', () => {
  it('is that of its returns, each period once, and unknown before it has been seen for a while', () => {
    const periods = Array.from({ length: 12 }, (_, place) => ({ count: 2, cameSquared: place < 6 ? 0.0002 : 0.0008 }));
    expect(deviationOf(periods)).toBeCloseTo(Math.sqrt(0.00025), 12);
    expect(deviationOf(periods.slice(1))).toBeUndefined();
    // Of a random walk: a quarter of an hour moves half as far as an hour.
    const quarter = { expectedReturn: 0, uncertainty: 0.01, realisedReturn: 0.0025, shareOfPeriod: 0.25 };
    expect(returnSumsWith([quarter]).cameSquared).toBeCloseTo(0.005 ** 2, 12);
  });
});
