import { describe, expect, it } from 'vitest';
import { whyNoCycle } from '../../client/cli/first-cycle.ts';

const now = Date.UTC(2026, 10, 30, 12);
const schedule = { paused: false, note: '', nextAt: [now + 20_000], intervalSeconds: 30 };
const first = { resumes: false, lastStartedAt: undefined };

describe('a start', () => {
  it.each([undefined, now - 30_000, now - 86_400_000])('begins a cycle after one of %s', (lastStartedAt) => {
    expect(whyNoCycle(schedule, { resumes: false, lastStartedAt }, now)).toBeUndefined();
  });

  it.each([
    ['', /^The schedule is paused: no cycle starts until "\.\/sapphire schedule resume"\.$/],
    ['by ann', /^The schedule is paused \(by ann\): /],
  ])('begins none that a person has paused (%j), and says how it goes on', (note, words) => {
    const paused = { ...schedule, paused: true, note };
    for (const resumes of [false, true]) expect(whyNoCycle(paused, { ...first, resumes }, now)).toMatch(words);
  });

  it('begins none after a kill, where the schedule has the next', () => {
    const words =
      'This start goes on with what was running: the next cycle starts by its schedule, at 2026-11-30 12:00:20Z.';
    expect(whyNoCycle(schedule, { ...first, resumes: true }, now)).toBe(words);
  });

  // The last: a clock that was set back since.
  it.each([now - 29_999, now, now + 60_000])(
    'begins none before the schedule does, after one of %i',
    (lastStartedAt) => {
      expect(whyNoCycle(schedule, { ...first, lastStartedAt }, now)).toMatch(
        /^The last cycle began at .*Z: the next one starts by its schedule, at 2026-11-30 12:00:20Z\.$/,
      );
    },
  );
});
