import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceOf, knownPeriods, SCORE_HALF_LIFE_MS, timeOf } from '../../../domain/scoring/evidence.ts';
import { type ScoredSignal, type ScorePeriod, sumsWith } from '../../../domain/scoring/periods.ts';
import { scoreOf, shrunkSkill, skillScore, trustOf } from '../../../domain/scoring/scoring.ts';

const HOUR = 3_600_000;
const UP = { up: 0.45, flat: 0.2, down: 0.35 };
const DOWN = { up: 0.35, flat: 0.2, down: 0.45 };
const NO_DIRECTION = { up: 0.3, flat: 0.4, down: 0.3 };

const signal = (probabilities: ScoredSignal['probabilities'], realisedReturn: number): ScoredSignal => ({
  probabilities,
  realisedReturn,
  share: 0.5,
});
const period = (hour: number, signals: ScoredSignal[], symbol = 'BTC/USDT'): ScorePeriod => ({
  symbol,
  horizonMs: HOUR,
  endsAt: hour * HOUR,
  sums: sumsWith(signals),
});
/** An hour each, in which the price went up or down in turn. */
const hours = (count: number, saying: (up: boolean) => ScoredSignal['probabilities'], perHour = 1): ScorePeriod[] =>
  Array.from({ length: count }, (_, hour) => {
    const up = hour % 2 === 0;
    return period(hour + 1, Array<ScoredSignal>(perHour).fill(signal(saying(up), up ? 0.01 : -0.01)));
  });

it.each([
  [0.075, 0.7],
  [0.205, 0.18],
  [0.495, -0.98],
])('the skill of a Brier score of %d against 0.25 is %d', (brier, skill) => {
  expect(skillScore(brier, 0.25)).toBeCloseTo(skill, 12);
});

describe('evidence', () => {
  const at = (values: number[], step = 1) =>
    values.map((value, index) => ({ horizonMs: HOUR, endsAt: index * step * HOUR, value }));
  it.each([
    // By hand: Σd/√Σd² where nothing overlaps, and with the products of neighbours where they do and where these are above nothing.
    [at([1, 1, 1, 1], 2), 4, 2],
    [at([1, 1, 1, 1]), 4, 4 / Math.sqrt(4 + 6)],
    [at([1, -1, 1, -1, 2]), 5, 2 / Math.sqrt(8)],
    [at([3, 1], 2), 2, 4 / Math.sqrt(10)],
    [at([0, 0]), 2, 0],
    [at([]), 0, 0],
  ])('of %j is that of %d horizons, %d standard errors', (observations, horizons, z) => {
    const evidence = evidenceOf(observations);
    expect(evidence.horizons).toBeCloseTo(horizons, 12);
    expect(evidence.z).toBeCloseTo(z, 12);
  });

  it('counts weighted horizons as Kish does', () => {
    const weights = [1, 0.5, 0.25];
    const { horizons } = evidenceOf(at([1, 1, 1], 2), ({ endsAt }) => weights[endsAt / (2 * HOUR)] ?? 0);
    expect(horizons).toBeCloseTo(1.75 ** 2 / 1.3125, 12);
  });
});

describe('evidence of periods of several lengths', () => {
  const lengths = [HOUR, 4 * HOUR, 24 * HOUR];
  const every = (horizonMs: number, count: number, value = 1) =>
    Array.from({ length: count }, (_, place) => ({ horizonMs, endsAt: (place + 1) * horizonMs, value }));

  it('is of hours that they share', () => {
    // By hand: errors √(Σd² + 2Σdd′) are added, of 4 hours √(4 + 6) and of one four-hour period 1; Σw = 5, Σ√Σw² = 2 + 1.
    const { z, horizons } = evidenceOf([...every(HOUR, 4), ...every(4 * HOUR, 1)]);
    expect(z).toBeCloseTo(5 / (Math.sqrt(10) + 1), 12);
    expect(horizons).toBeCloseTo(25 / 9, 12);
    expect(timeOf([...every(HOUR, 3), ...every(4 * HOUR, 1), ...every(24 * HOUR, 1)])).toBe(24 * HOUR);
    expect(timeOf([])).toBe(0);
  });

  it('is no more than the richest has by itself, and no surer than the surest', () => {
    const series = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.tuple(series, series, series), fc.integer({ min: 1, max: 100 }), (drawn, days) => {
        const own = drawn.map((values, place) =>
          values.map((value, at) => ({
            horizonMs: lengths[place] ?? 0,
            endsAt: (at + 1) * (lengths[place] ?? 0),
            value,
          })),
        );
        const weightOf = ({ endsAt }: { endsAt: number }) => 0.5 ** (-endsAt / (days * 24 * HOUR));
        const [all, ...each] = [own.flat(), ...own].map((list) => evidenceOf(list, weightOf, 0.05));
        expect(all?.horizons).toBeLessThanOrEqual(Math.max(...each.map(({ horizons }) => horizons)) + 1e-9);
        expect(Math.abs(all?.z ?? 9)).toBeLessThanOrEqual(Math.max(...each.map(({ z }) => Math.abs(z))) + 1e-9);
      }),
    );
  });
});

describe('the market as it was known', () => {
  it('is that of the periods that had ended when the first signal of a period was given', () => {
    const known = knownPeriods([1, 2, 3, 4].map((hour) => period(hour, [signal(UP, hour === 1 ? 0.01 : -0.01)])));
    expect(known.map(({ climate }) => climate)).toEqual([0, 0, 1 / 201, 0]);
    expect(known[2]?.frequencies).toEqual({ up: 2 / 4, flat: 1 / 4, down: 1 / 4 });
    const said = { ...signal(UP, 0.01), forecast: { expectedReturn: 0.001, uncertainty: 0.005 } };
    expect(knownPeriods([1, 2, 3, 4].map((hour) => period(hour, [said]))).map(({ drift }) => drift)).toEqual([
      0,
      0,
      2 / 201,
      4 / 202,
    ]);
  });

  it('is never another one because of what comes later', () => {
    const returns = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 3, maxLength: 40 });
    fc.assert(
      fc.property(returns, fc.nat(39), fc.integer({ min: -100, max: 100 }), (drawn, changed, other) => {
        const place = changed % drawn.length;
        const forecast = { expectedReturn: 0.001, uncertainty: 0.005 };
        const of = (list: number[]) =>
          knownPeriods(list.map((each, hour) => period(hour, [{ ...signal(UP, each / 1e4), forecast }])));
        const [one, two] = [of(drawn), of(drawn.with(place, other))];
        for (let hour = 0; hour <= place + 1 && hour < drawn.length; hour += 1) {
          expect(two[hour]?.climate).toBe(one[hour]?.climate);
          expect(two[hour]?.drift).toBe(one[hour]?.drift);
          expect(two[hour]?.frequencies).toEqual(one[hour]?.frequencies);
        }
      }),
    );
  });
});

describe('trust', () => {
  it.each([
    // directional skill, factor
    [0, 1],
    [0.025, 1.5],
    [0.05, 2],
    [1, 2],
    [-0.025, 0.5],
    [-1, 0.25],
  ])('of a directional skill of %d is %d', (skill, trust) => expect(trustOf(skill)).toBeCloseTo(trust, 12));

  it.each([
    // z, horizons, skill: (z/√n)·n/(n + 600)
    [0, 100, 0],
    [2, 0, 0],
    [2, 600, 2 / Math.sqrt(600) / 2],
    [6, 3_600, (0.1 * 6) / 7],
  ])('of %d standard errors over %d horizons rests on a skill of %d', (z, horizons, skill) => {
    expect(shrunkSkill({ z, horizons })).toBeCloseTo(skill, 12);
  });
});

describe('a score', () => {
  it('counts horizons, not signals', () => {
    const right = (up: boolean) => (up ? UP : DOWN);
    const [often, once] = [hours(48, right, 120), hours(48, right)].map((each) => scoreOf(each, 48 * HOUR));
    expect(often).toMatchObject({ count: 48 * 120, trust: once?.trust, trustError: once?.trustError });
    expect(often?.horizons).toBeLessThanOrEqual(48);
    expect(often?.horizons).toBeGreaterThan(47.9);
  });

  it('counts an hour of two symbols once', () => {
    const right = (up: boolean) => (up ? UP : DOWN);
    const one = hours(48, right);
    const two = [...one, ...one.map((each) => ({ ...each, symbol: 'ETH/USDT' }))];
    expect(scoreOf(two, 48 * HOUR).trust).toBeCloseTo(scoreOf(one, 48 * HOUR).trust, 12);
  });

  it('gives nothing for the size of moves, and takes nothing', () => {
    for (const flat of [0, 0.2, 0.9]) {
      const said = { up: (1 - flat) / 2, flat, down: (1 - flat) / 2 };
      const { trust } = scoreOf(
        hours(500, () => said),
        500 * HOUR,
      );
      expect(trust).toBe(1);
    }
  });

  it('gives nothing for the market’s own direction', () => {
    const rising = Array.from({ length: 1_000 }, (_, hour) => {
      return period(hour, [signal(UP, hour % 10 < 6 ? 0.01 : -0.01)]);
    });
    // Right in 60 of 100 hours, as everybody would be who says up; it says 56.25.
    expect(scoreOf(rising, 1_000 * HOUR).trust).toBeLessThan(1.1);
    const late = scoreOf(
      rising.map((each, hour) => {
        const up = hour % 10 < 6;
        return { ...each, sums: sumsWith([signal(up ? UP : DOWN, up ? 0.01 : -0.01)]) };
      }),
      1_000 * HOUR,
    );
    expect(late.trust).toBe(2);
  });

  it('takes from one that is surer than right', () => {
    const said = { up: 0.9, flat: 0, down: 0.1 };
    expect(
      scoreOf(
        hours(500, () => said),
        500 * HOUR,
      ).trust,
    ).toBe(0.25);
  });

  it('forgets with time', () => {
    const right = hours(600, (up) => (up ? UP : DOWN));
    const fresh = scoreOf(right, 600 * HOUR);
    const old = scoreOf(right, 600 * HOUR + 2 * SCORE_HALF_LIFE_MS);
    expect(old.horizons).toBeCloseTo(fresh.horizons, 6);
    const turned = Array.from({ length: 600 }, (_, hour) =>
      period(700 + hour, [signal(hour % 2 ? UP : DOWN, hour % 2 ? -0.01 : 0.01)]),
    );
    const both = scoreOf([...right, ...turned], 1_300 * HOUR);
    expect(both.directionalSkill).toBeLessThan(0);
    expect(scoreOf(right, 600 * HOUR + 4 * SCORE_HALF_LIFE_MS)).toMatchObject({ count: 0, trust: 1 });
  });

  it('has the skill against frequencies that were known before', () => {
    const score = scoreOf(
      hours(400, () => NO_DIRECTION),
      400 * HOUR,
    );
    expect(score.brier).toBeCloseTo((0.49 + 0.16 + 0.09) / 2, 9);
    // Of one that learns that it is up and down in turn: near ¼ in the end.
    expect(score.referenceBrier).toBeGreaterThan(0.24);
    expect(score.referenceBrier).toBeLessThan(0.27);
    expect(score.skill).toBeCloseTo(1 - score.brier / score.referenceBrier, 12);
  });

  it('tells calibration, hits and what the vote earned', () => {
    const score = scoreOf(
      [
        period(1, [signal({ up: 0.7, flat: 0.2, down: 0.1 }, 0.01), signal({ up: 0.7, flat: 0.2, down: 0.1 }, -0.004)]),
        period(2, [signal({ up: 0.1, flat: 0.1, down: 0.8 }, -0.02), signal({ up: 0.1, flat: 0.8, down: 0.1 }, 0.001)]),
      ],
      2 * HOUR,
    );
    expect(score.hitRate).toBeCloseTo(0.75, 3);
    expect(score.pnlContribution).toBeCloseTo(0.5 * (0.01 - 0.004 + 0.02), 12);
    expect(score.calibration.map(({ said, came, count }) => [Number(said.toFixed(9)), came, count])).toEqual([
      [0.7, 0.5, 2],
      [0.8, 1, 2],
    ]);
    expect(score.calibrationError).toBeCloseTo(0.2, 12);
  });

  it('of nothing says nothing', () => {
    expect(scoreOf([], 0)).toMatchObject({ count: 0, horizons: 0, brier: 0, skill: 0, trust: 1, calibration: [] });
  });
});
