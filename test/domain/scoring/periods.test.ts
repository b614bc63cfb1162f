import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  halfBrier,
  leanOf,
  outcomeOf,
  periodOf,
  type ScoredSignal,
  sumsWith,
} from '../../../domain/scoring/periods.ts';

const HOUR = 3_600_000;
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

it.each([
  [0.0021, 'up'],
  [0.002, 'flat'],
  [-0.002, 'flat'],
  [-0.0021, 'down'],
])('a return of %d is %s', (value, outcome) => expect(outcomeOf(value)).toBe(outcome));

it.each([
  [{ up: 0.3, flat: 0.4, down: 0.3 }, 0],
  [{ up: 0.1, flat: 0.8, down: 0.1 }, 0],
  [{ up: 0, flat: 1, down: 0 }, 0],
  [{ up: 0.33, flat: 0.4, down: 0.27 }, 0.1],
  [{ up: 0, flat: 0.5, down: 0.5 }, -1],
])('%j leans %d', (probabilities, lean) => expect(leanOf(probabilities)).toBeCloseTo(lean, 12));

it.each([
  [0, HOUR, HOUR, HOUR],
  [HOUR - 1, HOUR, HOUR, HOUR],
  [HOUR, HOUR, HOUR, 2 * HOUR],
  [2 * HOUR, HOUR - 1, HOUR, 3 * HOUR],
  // A period of its own for each five minutes would be 34,560 rows of a symbol.
  [HOUR / 12, HOUR / 12, HOUR, HOUR],
  [2 * HOUR, HOUR + 1, 4 * HOUR, 4 * HOUR],
  [4 * HOUR, 4 * HOUR, 4 * HOUR, 8 * HOUR],
  [5 * HOUR, 5 * HOUR, 24 * HOUR, 24 * HOUR],
  [170 * HOUR, 168 * HOUR, 168 * HOUR, 336 * HOUR],
])('at %i a horizon of %i ms ends that belongs to the period of %i ms until %i', (dueAt, own, horizonMs, endsAt) =>
  expect(periodOf(dueAt, own)).toEqual({ horizonMs, endsAt }),
);

describe('the sums of a period', () => {
  const signals: ScoredSignal[] = [
    { probabilities: { up: 0.7, flat: 0.2, down: 0.1 }, realisedReturn: 0.01, share: 0.5 },
    { probabilities: { up: 0.7, flat: 0.2, down: 0.1 }, realisedReturn: -0.004, share: 0.25 },
    { probabilities: { up: 0.1, flat: 0.1, down: 0.8 }, realisedReturn: -0.02, share: 0.5 },
    { probabilities: { up: 0.1, flat: 0.8, down: 0.1 }, realisedReturn: 0.001, share: 1 },
  ];

  it('count what was said and what came; the direction of what did not move says nothing', () => {
    const sums = sumsWith(signals);
    expect(sums).toMatchObject({ count: 4, up: 1, down: 2, hits: 3 });
    expect(sums.pnl).toBeCloseTo(0.5 * 0.01 - 0.25 * 0.004 + 0.5 * 0.02, 12);
    expect(sums.brier).toBeCloseTo((0.09 + 0.04 + 0.01) / 2 + (0.49 + 0.04 + 0.81) / 2 + 0.03 + 0.03, 12);
    expect(sums.lean).toBeCloseTo(0.75 + 0.75 - 7 / 9, 12);
    expect(sums.leanRight).toBeCloseTo(0.75 - 0.75 + 7 / 9, 12);
    expect(sums.leanSquared).toBeCloseTo(0.75 ** 2 * 2 + (7 / 9) ** 2, 12);
    expect(sums.bins[7]?.map((value) => Number(value.toFixed(9)))).toEqual([1.4, 1, 2]);
    expect(sums.bins[8]?.map((value) => Number(value.toFixed(9)))).toEqual([1.6, 2, 2]);
  });

  it('are the same in whatever order and parts the outcomes come', () => {
    const chance = fc.integer({ min: 0, max: 100 });
    const signal = fc.record({
      up: chance,
      flat: chance,
      down: chance,
      came: fc.integer({ min: -50, max: 50 }),
      said: fc.option(fc.integer({ min: -50, max: 50 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(signal, { minLength: 1, maxLength: 20 }), fc.nat(20), (drawn, cut) => {
        const list = drawn.map(({ up, flat, down, came, said }): ScoredSignal => {
          const total = up + flat + down + 1;
          const probabilities = { up: up / total, flat: (flat + 1) / total, down: down / total };
          const forecast =
            said === undefined ? said : { expectedReturn: said / 1e4, uncertainty: 0.005, deviation: 0.004 };
          return { probabilities, realisedReturn: came / 1e4, share: 0.5, forecast };
        });
        const whole = sumsWith(list);
        const late = sumsWith(list.slice(0, cut).toReversed(), sumsWith(list.slice(cut)));
        const flat = ({ bins, returns, ...rest }: typeof whole) => [
          ...Object.values(rest),
          ...bins.flat(),
          ...Object.values(returns ?? {}),
        ];
        expect(flat(late)).toHaveLength(flat(whole).length);
        for (const [place, value] of flat(whole).entries()) expect(flat(late)[place]).toBeCloseTo(value, 9);
      }),
    );
  });
});
