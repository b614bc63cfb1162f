import { expect, it } from 'vitest';
import { restMs } from '../../../domain/consensus/rest.ts';

it.each([
  // failures in a row, from how many on, the longest rest in seconds, the rest in milliseconds
  [0, 3, 300, 0],
  [2, 3, 300, 0],
  [3, 3, 300, 60_000],
  [4, 3, 300, 120_000],
  [5, 3, 300, 240_000],
  [6, 3, 300, 300_000],
  [2_000, 3, 300, 300_000],
  [1, 1, 300, 60_000],
  [3, 3, 2, 2_000],
  [4, 3, 90, 90_000],
  [3, 3, 0, 0],
] as const)(
  'after %i failures of %i allowed, at most %i s, an agent rests for %i ms',
  (failures, allowed, longest, wanted) => {
    expect(restMs(failures, { coolDownFailures: allowed, coolDownSeconds: longest })).toBe(wanted);
  },
);

it('rests no longer for a worker that stays away: it says nothing of the agent', () => {
  const rules = { coolDownFailures: 3, coolDownSeconds: 300 };
  expect([2, 3, 9].map((failures) => restMs(failures, rules, 'no_worker'))).toEqual([0, 60_000, 60_000]);
  expect(restMs(9, rules, 'timeout')).toBe(300_000);
});
