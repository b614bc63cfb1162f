import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  halfBrier,
  outcomeOf,
  type ScoredSignal,
  scoreOf,
  skillScore,
  trustOf,
} from '../../../domain/scoring/scoring.ts';

const binary = (up: number) => ({ up, flat: 0, down: 1 - up });
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the half-Brier score', () => {
  // Forecasts and outcomes of the research's table; of two outcomes it is (p − o)².
  it.each([
    ['A', [0.9, 0.8, 0.3, 0.6], [1, 1, 0, 1], 0.075],
    ['B', [0.6, 0.6, 0.5, 0.5], [1, 1, 0, 1], 0.205],
    ['C', [0.2, 0.3, 0.7, 0.4], [1, 1, 0, 1], 0.495],
    // scikit-learn's example of brier_score_loss
    ['scikit-learn', [0.1, 0.9, 0.8, 0.3], [0, 1, 1, 0], 0.0375],
  ])('of forecaster %s', (_name, forecasts, outcomes, score) => {
    const scores = forecasts.map((up, index) => halfBrier(binary(up), outcomes[index] === 1 ? 'up' : 'down'));
    expect(mean(scores)).toBeCloseTo(score, 12);
  });

  it.each([
    [{ up: 1, flat: 0, down: 0 }, 'up', 0],
    [{ up: 1, flat: 0, down: 0 }, 'down', 1],
    [{ up: 1 / 3, flat: 1 / 3, down: 1 / 3 }, 'flat', 1 / 3],
    [{ up: 0.5, flat: 0.3, down: 0.2 }, 'up', (0.25 + 0.09 + 0.04) / 2],
  ] as const)('of %j when %s came is %d', (probabilities, outcome, score) => {
    expect(halfBrier(probabilities, outcome)).toBeCloseTo(score, 12);
  });
});

describe('the skill', () => {
  it.each([
    [0.075, 0.7],
    [0.205, 0.18],
    [0.495, -0.98],
  ])('of a Brier score of %d against 0.25 is %d', (brier, skill) => {
    expect(skillScore(brier, 0.25)).toBeCloseTo(skill, 12);
  });

  it('is 0 for who says what the frequencies say, and below it for who says the opposite', () => {
    const came = [0.01, 0.01, -0.01, 0, 0, 0, 0, 0];
    const frequencies = { up: 3 / 11, flat: 6 / 11, down: 2 / 11 };
    const same = (probabilities: ScoredSignal['probabilities']) =>
      scoreOf(came.map((realisedReturn) => ({ probabilities, realisedReturn, share: 0.5 })));
    expect(same(frequencies).skill).toBeCloseTo(0, 12);
    expect(same({ up: 0.1, flat: 0.1, down: 0.8 }).skill).toBeLessThan(0);
  });
});

it.each([
  [0.0021, 'up'],
  [0.002, 'flat'],
  [-0.002, 'flat'],
  [-0.0021, 'down'],
])('a return of %d is %s', (value, outcome) => expect(outcomeOf(value)).toBe(outcome));

describe('a score', () => {
  it('counts hits, calibration and what the vote earned', () => {
    const score = scoreOf([
      { probabilities: { up: 0.7, flat: 0.2, down: 0.1 }, realisedReturn: 0.01, share: 0.5 },
      { probabilities: { up: 0.7, flat: 0.2, down: 0.1 }, realisedReturn: -0.004, share: 0.25 },
      { probabilities: { up: 0.1, flat: 0.1, down: 0.8 }, realisedReturn: -0.02, share: 0.5 },
      { probabilities: { up: 0.1, flat: 0.8, down: 0.1 }, realisedReturn: 0.001, share: 1 },
    ]);
    expect(score.count).toBe(4);
    expect(score.hitRate).toBeCloseTo(0.75, 12);
    expect(score.pnlContribution).toBeCloseTo(0.5 * 0.01 - 0.25 * 0.004 + 0.5 * 0.02, 12);
    expect(score.calibration).toEqual([
      { said: 0.7, came: 0.5, count: 2 },
      { said: 0.8, came: 1, count: 2 },
    ]);
    expect(score.calibrationError).toBeCloseTo(0.2, 12);
  });

  it('of nothing says nothing', () => {
    expect(scoreOf([])).toMatchObject({ count: 0, brier: 0, skill: 0, hitRate: 0, trust: 1, calibration: [] });
  });
});

describe('trust', () => {
  it.each([
    // skill, signals, factor
    [0.7, 0, 1],
    [0.7, 50, 1.5],
    [-0.98, 50, 0.625],
    [0, 1_000, 1],
    [0.05, 450, 1.9],
    [-1, 450, 0.325],
  ])('of a skill of %d over %i signals is %d', (skill, count, trust) => {
    expect(trustOf(skill, count)).toBeCloseTo(trust, 12);
  });

  it('stays within its floor and ceiling, and grows with skill', () => {
    const skill = fc.double({ min: -5, max: 1, noNaN: true });
    fc.assert(
      fc.property(skill, skill, fc.nat(10_000), (one, other, count) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        expect(trustOf(low, count)).toBeGreaterThanOrEqual(0.25 - 1e-12);
        expect(trustOf(high, count)).toBeLessThanOrEqual(2 + 1e-12);
        expect(trustOf(low, count)).toBeLessThanOrEqual(trustOf(high, count) + 1e-12);
      }),
    );
  });

  /** Uniform in [0, 1), the same for the same seed (Park and Miller). */
  function uniform(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
  }

  it('of a skilled agent is at least twice that of a noise agent over 200 signals, whatever the draw', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = uniform(seed * 7_919);
      const came = Array.from({ length: 200 }, () => [0.01, 0, -0.01][Math.floor(random() * 3)] ?? 0);
      // The skilled one gives the outcome that will come 55 instead of 33 in a hundred; the other one says anything.
      const skilled = scoreOf(
        came.map((realisedReturn) => {
          const right =
            random() < 0.55 ? outcomeOf(realisedReturn) : (['up', 'flat', 'down'] as const)[Math.floor(random() * 3)];
          return {
            realisedReturn,
            share: 0.5,
            probabilities: { up: 0.25, flat: 0.25, down: 0.25, [right ?? 'flat']: 0.5 },
          };
        }),
      );
      const noise = scoreOf(
        came.map((realisedReturn) => {
          const [a, b, c] = [random(), random(), random()];
          const total = a + b + c;
          return { realisedReturn, share: 0.5, probabilities: { up: a / total, flat: b / total, down: c / total } };
        }),
      );
      expect(skilled.trust / noise.trust).toBeGreaterThanOrEqual(2);
    }
  });
});
