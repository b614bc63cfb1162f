import { describe, expect, it } from 'vitest';
import { type ScoredSignal, type ScorePeriod, sumsWith } from '../../../domain/scoring/periods.ts';
import { boundaryAt, TRIAL_MS, verdictOn } from '../../../domain/scoring/promotion.ts';

const HOUR = 3_600_000;
const TRIAL = TRIAL_MS / HOUR;

describe('the boundary of a look', () => {
  it.each([
    // z·√share ≥ Φ⁻¹(1 − α/2): 1.95996 for 5 in 100 (tables of the standard normal), at each share of the way.
    [1, 0.05, 1.95996],
    [0.25, 0.05, 3.91993],
    [1 / 60, 0.05, 15.18183],
    [1, 0.05 / 60, 3.34143],
    [2, 0.05, 1.95996],
  ])('at %d of the way and an error of %d is %d', (share, error, z) =>
    expect(boundaryAt(share, error)).toBeCloseTo(z, 3),
  );

  it('is out of reach before anything was seen', () => expect(boundaryAt(0, 0.05)).toBe(Number.POSITIVE_INFINITY));
});

/** The price goes up and down by a rule that looks like none; the same each time. */
const rises = (hour: number): boolean => ((hour * 7_919) % 104_729) % 2 === 0;
const saying = (up: boolean, lean: number): ScoredSignal['probabilities'] => ({
  up: 0.4 * (1 + (up ? lean : -lean)),
  flat: 0.2,
  down: 0.4 * (1 - (up ? lean : -lean)),
});
/** Right except in each n-th hour; `n` of 2 is right in half of them. */
function heard(
  count: number,
  { wrongEach, lean, silentEach = 0 }: { wrongEach: number; lean: number; silentEach?: number },
): ScorePeriod[] {
  return Array.from({ length: count }, (_, hour): ScorePeriod => {
    const up = rises(hour);
    const isRight = (hour * 31) % wrongEach !== 0;
    const sums = sumsWith([
      { probabilities: saying(up === isRight, lean), realisedReturn: up ? 0.01 : -0.01, share: 0 },
    ]);
    return { symbol: 'BTC/USDT', horizonMs: HOUR, endsAt: (hour + 1) * HOUR, sums };
  }).filter((_, hour) => silentEach === 0 || hour % silentEach === 0);
}
const skilled = { wrongEach: 3, lean: 0.3 };
const coin = { wrongEach: 2, lean: 0.1 };

describe('a candidate earns a vote', () => {
  it('when it knows the direction, soon where it knows much', () => {
    const verdict = verdictOn(heard(TRIAL / 2, skilled), [], 1);
    expect(verdict).toMatchObject({ earned: true, seen: 0.5, calibrated: true });
    expect(verdict.needed).toBeCloseTo(1.95996 * Math.SQRT2, 3);
  });

  it('never by a day, however good', () => {
    expect(verdictOn(heard(24, { wrongEach: 1_000, lean: 0.9 }), [], 1)).toMatchObject({ earned: false });
  });

  it('not by knowing nothing', () => {
    expect(verdictOn(heard(TRIAL, coin), [], 1).earned).toBe(false);
    expect(verdictOn([], [], 1)).toMatchObject({ earned: false, seen: 0 });
  });

  it('later where many were tried before it', () => {
    const some = heard(TRIAL / 4, skilled);
    expect([1, 1_000].map((trials) => verdictOn(some, [], trials).earned)).toEqual([true, false]);
  });

  it('no sooner because it says the same over four hours and a day as well', () => {
    const hours = heard(TRIAL / 2, { ...skilled, wrongEach: 4 });
    const over = (length: number): ScorePeriod[] =>
      hours
        .filter((_, place) => (place + 1) % length === 0)
        .map((each) => ({ ...each, horizonMs: length * HOUR, endsAt: each.endsAt }));
    const [alone, nested] = [hours, [...hours, ...over(4), ...over(24)]].map((each) => verdictOn(each, [], 1));
    expect(nested?.seen).toBe(alone?.seen);
    expect(nested?.z.nothing).toBeLessThanOrEqual(alone?.z.nothing ?? 0);
    // One that votes, and speaks on half of its hours, is a rival whatever else it says.
    const rival = heard(TRIAL / 2, { ...coin, silentEach: 2 });
    expect(verdictOn([...hours, ...over(4)], [rival], 1).z.rivals).toHaveLength(1);
  });

  it('not by being better than the seat alone, where a better one votes', () => {
    const candidate = heard(TRIAL, skilled);
    expect(verdictOn(candidate, [heard(TRIAL, coin)], 1).earned).toBe(true);
    const verdict = verdictOn(candidate, [heard(TRIAL, coin), heard(TRIAL, { wrongEach: 4, lean: 0.3 })], 1);
    expect(verdict).toMatchObject({ earned: false });
    expect(verdict.z.rivals[1]).toBeLessThan(0);
    expect(verdict.z.nothing).toBeGreaterThan(verdict.needed);
  });

  it('not by being better than one that is worse than nothing', () => {
    const verdict = verdictOn(heard(TRIAL, coin), [heard(TRIAL, { wrongEach: 1, lean: 0.3 })], 1);
    expect(verdict.z.rivals[0]).toBeGreaterThan(verdict.needed);
    expect(verdict.earned).toBe(false);
  });

  it('not while it is surer than right', () => {
    const verdict = verdictOn(heard(TRIAL, { wrongEach: 3, lean: 0.95 }), [], 1);
    expect(verdict.z.nothing).toBeGreaterThan(verdict.needed);
    expect(verdict).toMatchObject({ earned: false, calibrated: false });
  });

  it('whatever a rival would have said that was silent in most of its hours, and no less sure than it', () => {
    const candidate = heard(TRIAL, skilled);
    expect(verdictOn(candidate, [heard(TRIAL, { wrongEach: 1_000, lean: 0.9, silentEach: 5 })], 1).z.rivals).toEqual(
      [],
    );
    // The same calls, said with less certainty, know no less: there is no difference to find.
    const modest = verdictOn(candidate, [heard(TRIAL, { ...skilled, lean: 0.05 })], 1);
    expect(Math.abs(modest.z.rivals[0] ?? 9)).toBeLessThan(0.5);
    expect(modest.earned).toBe(false);
  });
});
