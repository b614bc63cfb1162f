import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beliefOf, noRecord, returnScoreOf } from '../../../domain/scoring/belief.ts';
import { knownPeriods, weightAt } from '../../../domain/scoring/evidence.ts';
import { type ScorePeriod, sumsWith } from '../../../domain/scoring/periods.ts';
import { scoreOf } from '../../../domain/scoring/scoring.ts';

const HOUR = 3_600_000;
const SIGMA = 0.01;

/** One signal each second hour, so that none overlaps: the score that was said, and what came, in units of the uncertainty. */
const hours = (pairs: readonly (readonly [score: number, came: number])[], deviation?: number): ScorePeriod[] =>
  pairs.map(([score, came], place) => ({
    symbol: 'BTC/USDT',
    horizonMs: HOUR,
    endsAt: (2 * place + 2) * HOUR,
    sums: sumsWith([
      {
        probabilities: { up: 0.3, flat: 0.4, down: 0.3 },
        realisedReturn: came * SIGMA,
        share: 1,
        forecast: { expectedReturn: score * SIGMA, uncertainty: SIGMA, deviation },
      },
    ]),
  }));
const beliefAt = (periods: readonly ScorePeriod[]) => beliefOf(knownPeriods(periods), () => 1);
const returnsOf = (periods: readonly ScorePeriod[]) => returnScoreOf(knownPeriods(periods), () => 1);

/** Up and down in turn, so that the market has no drift. */
const inTurn = (count: number, score: number, came: number): ScorePeriod[] =>
  hours(
    Array.from({ length: count }, (_, place) => {
      const side = place % 4 < 2 ? 1 : -1;
      return [side * score, side * came] as const;
    }),
  );

describe('what is believed of an agent', () => {
  it('without a record is the assumption', () => {
    expect(beliefAt([])).toEqual(noRecord);
    expect(noRecord).toEqual({ slope: 0.03, slopeError: 0.03, prior: 1, limit: 2 });
    expect(beliefAt(hours(Array.from({ length: 50 }, () => [0, 1])))).toEqual(noRecord);
  });

  it('after one hour is hardly another', () => {
    // Scores of the size 0.5 and outcomes of 1, known by 1/25: usual 0.5^(1/25) = 0.97265. Assumed 0.03 ± 0.03 over that; the hour's own slope
    // is 1/0.5 ± √(0.5² + (0.97265/2)²)/0.5².
    const { slope, slopeError, prior, limit } = beliefAt(hours([[0.5, 1]]));
    const assumed = 0.03 / 0.5 ** 0.04;
    const [before, own] = [1 / assumed ** 2, 1 / (Math.hypot(0.5, 0.5 ** 1.04) / 0.25) ** 2];
    expect(slope).toBeCloseTo((before * assumed + own * 2) / (before + own), 12);
    expect(slope).toBeCloseTo(0.03108, 5);
    expect(slopeError).toBeCloseTo(1 / Math.sqrt(before + own), 12);
    expect(prior).toBeCloseTo(before / (before + own), 12);
    expect(limit).toBeCloseTo(2 * 0.97265, 4);
  });

  /** A correlation of 0.1 between what comes and what is said, so loud. */
  const noisy = (count: number, loudness: number): ScorePeriod[] =>
    hours(
      Array.from({ length: count }, (_, place) => {
        const [side, noise] = [place % 2 === 0 ? 1 : -1, place % 4 < 2 ? 1 : -1];
        return [side * loudness, side * 0.1 + noise] as const;
      }),
    );

  it('comes to what the record says where that is long', () => {
    const { slope, prior, limit } = beliefAt(noisy(40_000, 0.1));
    expect(slope).toBeGreaterThan(0.95);
    expect(prior).toBeLessThan(0.1);
    expect(limit).toBeCloseTo(0.2, 2);
  });

  it('is about skill, not manners: who says ten times as much is believed a tenth', () => {
    const [modest, loud] = [noisy(2_000, 0.1), noisy(2_000, 1)].map(beliefAt);
    expect(modest?.slope).toBeGreaterThan(0.5);
    // But for what is left of the assumption that scores have a size of 1.
    expect((10 * (loud?.slope ?? 0)) / (modest?.slope ?? 0)).toBeCloseTo(1, 1);
    expect((10 * (loud?.slopeError ?? 0)) / (modest?.slopeError ?? 0)).toBeCloseTo(1, 1);
    expect((loud?.limit ?? 0) / 10 / (modest?.limit ?? 1)).toBeCloseTo(1, 1);
  });

  it('is no more than was said and never the opposite of it', () => {
    const score = fc.integer({ min: -40, max: 40 }).map((each) => each / 10);
    fc.assert(
      fc.property(fc.array(fc.tuple(score, score), { maxLength: 60 }), (pairs) => {
        const { slope, slopeError, prior, limit } = beliefAt(hours(pairs));
        expect(slope).toBeGreaterThanOrEqual(0);
        expect(slope).toBeLessThanOrEqual(1);
        expect(slopeError).toBeGreaterThan(0);
        expect(prior).toBeGreaterThan(0);
        expect(prior).toBeLessThanOrEqual(1);
        expect(limit).toBeGreaterThan(0);
      }),
    );
    expect(beliefAt(inTurn(2_000, 0.5, -0.5)).slope).toBe(0);
  });

  it('is less sure after few quiet hours than after many', () => {
    const [few, many] = [inTurn(4, 0.5, 0.001), inTurn(400, 0.5, 0.001)].map(beliefAt);
    expect(few?.prior).toBeGreaterThan(0.9);
    expect(many?.prior).toBeLessThan(few?.prior ?? 0);
  });

  it('does not hold a rise of the market for skill', () => {
    const rise = hours(Array.from({ length: 600 }, () => [0.5, 0.5] as const));
    expect(returnsOf(rise)?.slope).toBeLessThan(0.6);
    expect(returnsOf(inTurn(600, 0.5, 0.5))?.slope).toBeGreaterThan(0.95);
  });
});

describe('the score of expected returns', () => {
  it('has bias, correlation, slope and coverage', () => {
    const score = returnsOf(hours([[0.2, 0.6]]));
    expect(score).toMatchObject({ horizons: 1, coverage: 1 });
    expect(score?.bias).toBeCloseTo(0.004, 12);
    expect(score?.biasError).toBeCloseTo(0.004, 12);
    expect(score?.informationCoefficient).toBeCloseTo(1, 12);
    expect(score?.slope).toBeCloseTo(3, 12);
    expect(score?.slopeError).toBeCloseTo(Math.hypot(0.12, 0.5 * 0.2 ** 0.04 * 0.6 ** 0.04) / 0.04, 12);
    expect(returnsOf(hours([[0.2, 1.6]]))?.coverage).toBe(0);
    expect(returnsOf([])).toBeUndefined();
  });

  it('is held against a forecast of no return with the deviation that the market had', () => {
    expect(returnsOf(hours([[0.2, 0.6]]))).not.toHaveProperty('crpsSkill');
    expect(returnsOf(hours([[0, 0.6]], SIGMA))?.crpsSkill).toBeCloseTo(0, 12);
    expect(returnsOf(hours([[0.5, 0.6]], SIGMA))?.crpsSkill).toBeGreaterThan(0);
    expect(returnsOf(hours([[-0.5, 0.6]], SIGMA))?.crpsSkill).toBeLessThan(0);
  });

  it('believes each hour what the days before it had shown, never what came in it or after it', () => {
    const pair = fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 }));
    const gainOf = (pairs: readonly (readonly [number, number])[]): number => {
      const score = returnsOf(hours(pairs.map(([said, came]) => [said / 10, came / 10])));
      const squares = pairs.reduce((sum, [, came]) => sum + (came / 10) ** 2, 0);
      return (score?.believedSkill ?? 0) * squares;
    };
    fc.assert(
      fc.property(fc.array(pair, { minLength: 30, maxLength: 40 }), pair, (drawn, [said, came]) => {
        const with0 = gainOf([...drawn, [said, 0]]);
        const withCame = gainOf([...drawn, [said, came]]);
        const withTwice = gainOf([...drawn, [said, 2 * came]]);
        // Linear in the last outcome: the slope that it was believed by knows nothing of it.
        expect(withTwice - with0).toBeCloseTo(2 * (withCame - with0), 9);
      }),
    );
  });

  it('stands beside those of the direction, and signals of an earlier release are no part of it', () => {
    const [old] = hours([[0.2, 0.6]]);
    const { returns: _, ...sums } = old?.sums ?? sumsWith([]);
    const score = scoreOf([{ symbol: 'BTC/USDT', horizonMs: HOUR, endsAt: 2 * HOUR, sums }], 3 * HOUR);
    expect(score).toMatchObject({ count: 1, belief: noRecord });
    expect(score).not.toHaveProperty('returns');
    expect(scoreOf(inTurn(24, 0.5, 0.5), 60 * HOUR).returns?.horizons).toBeCloseTo(24, 1);
    expect(weightAt(60 * HOUR)({ endsAt: 61 * HOUR })).toBe(1);
  });
});
