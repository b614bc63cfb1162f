import { describe, expect, it } from 'vitest';
import { earnsVote, PROMOTION_SIGNALS } from '../../../domain/scoring/promotion.ts';
import { splitOf, splitTimes } from '../../../domain/scoring/training.ts';

describe('a candidate earns a vote', () => {
  const count = PROMOTION_SIGNALS;
  it.each([
    [{ count, skill: 0.1 }, undefined, true],
    [{ count: count - 1, skill: 0.1 }, undefined, false],
    [{ count, skill: 0 }, undefined, false],
    [{ count, skill: 0.1 }, { count, skill: 0.09 }, true],
    [{ count, skill: 0.1 }, { count, skill: 0.1 }, false],
    // Better than a bad one is not good.
    [{ count, skill: -0.1 }, { count, skill: -0.2 }, false],
  ])('with %j beside %j: %s', (candidate, incumbent, earns) => expect(earnsVote(candidate, incumbent)).toBe(earns));
});

describe('a training set', () => {
  const times = splitTimes({ from: 1_000, to: 2_000 }, 10);

  it('is cut by shares of its time', () => {
    expect(times).toEqual({ trainEnd: 1_700, validationEnd: 1_850, embargoMs: 10 });
  });

  it.each([
    [1_690, 1_699, 'train'],
    [1_690, 1_700, undefined],
    [1_709, 1_720, undefined],
    [1_710, 1_849, 'validation'],
    [1_710, 1_850, undefined],
    [1_859, 1_900, undefined],
    [1_860, 1_900, 'test'],
  ])('has a sample known at %i with its outcome at %i in %s', (knownAt, labelAt, split) => {
    expect(splitOf(times, knownAt, labelAt)).toBe(split);
  });
});
