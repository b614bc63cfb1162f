import { describe, expect, it } from 'vitest';
import { splitOf, splitTimes } from '../../../domain/scoring/training.ts';

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
