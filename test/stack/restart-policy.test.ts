import { describe, expect, it } from 'vitest';
import { restartPolicy } from '../../client/stack/restart-policy.ts';
import { defaultLimits } from '../../client/stack/supervised-process.ts';

describe('what crashes', () => {
  /** Waits in seconds after crashes in a row, each as long after its start as it ran. */
  const waits = (times: number, ranMs: number, limits = defaultLimits): { seconds: number; tooOften: boolean }[] => {
    const afterCrash = restartPolicy(limits);
    let now = 1_000_000;
    return Array.from({ length: times }, () => {
      const startedAt = now;
      now += ranMs;
      const { waitMs, tooOften } = afterCrash(now, startedAt);
      now += waitMs;
      return { seconds: waitMs / 1_000, tooOften };
    });
  };

  it('at once is started again 40 times with a backoff of up to 10 s, then after pauses that grow to 5 minutes, and never given up', () => {
    const all = waits(60, 500);
    expect(all.slice(0, 7).map(({ seconds }) => seconds)).toEqual([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10]);
    expect(all.slice(0, 40).some(({ tooOften }) => tooOften)).toBe(false);
    expect(all.slice(40, 46).map(({ seconds }) => seconds)).toEqual([20, 40, 80, 160, 300, 300]);
    expect(all.slice(40).every(({ tooOften }) => tooOften)).toBe(true);
    expect(all.at(-1)?.seconds).toBe(300);
  });

  it('now and then is started again at once for ever', () => {
    expect(new Set(waits(200, defaultLimits.restartWindowMs + 1).map(({ seconds }) => seconds))).toEqual(
      new Set([0.2]),
    );
  });

  it('after a good window counts anew', () => {
    const afterCrash = restartPolicy({ ...defaultLimits, maxRestarts: 1 });
    expect([afterCrash(0, 0), afterCrash(1, 1)].map(({ tooOften }) => tooOften)).toEqual([false, true]);
    const later = 3 * defaultLimits.restartWindowMs;
    expect(afterCrash(later, 2).tooOften).toBe(false);
  });
});
