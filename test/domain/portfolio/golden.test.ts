import { describe, expect, it, test } from 'vitest';
import {
  estimationFactor,
  kellyShare,
  nextVariance,
  volatilityScale,
  yearlyVolatility,
} from '../../../domain/portfolio/allocation.ts';
import { bandHalfWidth } from '../../../domain/portfolio/band.ts';

describe('golden tables', () => {
  // Kelly 1956, Thorp 2006: f = μ/σ²; the first is the textbook's 12 % over 20 %.
  test.each([
    [0.12, 0.2, 3],
    [0.06, 0.2, 1.5],
    [0.02, 0.4, 0.125],
    [0, 0.2, 0],
    [-0.1, 0.2, 0],
  ])('the Kelly stake of %d over %d is %d', (mu, sigma, expected) => {
    expect(kellyShare(mu, sigma)).toBeCloseTo(expected, 12);
  });

  // Baker and McHale 2013: at even odds p = 0.55 is an edge of 0.1, and a deviation of p of 0.05 one of 0.1 of the edge.
  test.each([
    [0.1, 0.1, 0.5],
    [0.1, 0.05, 0.8],
    [0.003, 0.009, 0.1],
    [-0.1, 0.1, 0.5],
    [0, 0.1, 0],
    [0.1, 0, 1],
    [0, 0, 1],
  ])('an edge of %d known within %d leaves %d of the stake', (edge, error, expected) => {
    expect(estimationFactor(edge, error)).toBeCloseTo(expected, 12);
  });

  // Janeček and Shreve 2004: (3/2 · π²(1 − π)² · ε)^(1/3).
  test.each([
    [0.5, 0.01, 0.097871693],
    [0.3, 0.001, 0.040443],
    [0.3, 0.008, 0.080886], // eight times the cost, twice the band
    [0.01, 0.001, 0.0052778],
    [0, 0.01, 0],
    [1, 0.01, 0],
    [0.5, 0, 0],
  ])('around a share of %d lies a band of what costs of %d ask for: %d each way', (share, cost, expected) => {
    expect(bandHalfWidth(share, cost)).toBeCloseTo(expected, 6);
  });

  // Moreira and Muir 2017.
  test.each([
    [0.1, 0.2, 2, 0.5],
    [0.1, 0.05, 2, 2],
    [0.1, 0.02, 2, 2],
    [0.1, 0.1, 1, 1],
    [0.1, 0, 1, 1],
  ])('a target of %d at %d, at most %d, scales by %d', (target, volatility, cap, expected) => {
    expect(volatilityScale(target, volatility, cap)).toBeCloseTo(expected, 12);
  });

  // RiskMetrics 1996, λ = 0.94.
  test.each([
    [0.0004, 0.01, 0.000382],
    [0.000382, -0.03, 0.00041308],
  ])('a variance of %d becomes %d by a return of %d', (variance, oneReturn, expected) => {
    expect(nextVariance(variance, oneReturn)).toBeCloseTo(expected, 12);
  });

  it('a constant return is its own volatility over a year', () => {
    const closes = Array.from({ length: 50 }, (_, index) => 100 * Math.exp(0.001 * index));
    expect(yearlyVolatility(closes, 525_600)).toBeCloseTo(0.001 * Math.sqrt(525_600), 9);
    expect(yearlyVolatility(closes, 365)).toBeCloseTo(0.001 * Math.sqrt(365), 9);
  });

  it.each([[[100]], [[]], [[100, 0, 100]], [[0, 0, 100]], [[100, Number.NaN]]])('%j have no volatility', (closes) => {
    expect(yearlyVolatility(closes, 365)).toBeUndefined();
  });
});
