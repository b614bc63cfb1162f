import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createScheduleWatch } from '../../activities/health/schedules.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const SECOND = 1_000;

/** As the server tells it. Times are seconds from BEGIN. */
interface Told {
  everySeconds: number;
  paused?: boolean;
  actedAt?: number;
  updatedAt?: number;
  /** It has this many rounds left. */
  left?: number;
}

describe('a schedule is overdue by what it says itself', () => {
  let told: Told;
  let look: () => Promise<string | undefined>;

  beforeEach(() => {
    vi.useFakeTimers({ now: BEGIN });
    const at = (seconds: number) => new Date(BEGIN + seconds * SECOND);
    const describeSchedule = async () => {
      const { everySeconds, paused = false, actedAt, updatedAt, left = 10 } = told;
      const now = (Date.now() - BEGIN) / SECOND;
      const next = Math.ceil(now / everySeconds) * everySeconds;
      return {
        state: { paused },
        info: {
          recentActions: actedAt === undefined ? [] : [{ takenAt: at(actedAt) }],
          createdAt: at(-1_000),
          lastUpdatedAt: updatedAt === undefined ? undefined : at(updatedAt),
          nextActionTimes: Array.from({ length: left }, (_, place) => at(next + place * everySeconds)),
        },
      };
    };
    const client = { schedule: { getHandle: () => ({ describe: describeSchedule }) } } as unknown as Client;
    const watch = createScheduleWatch(client);
    look = async () => (await watch({ id: 'cycles', code: 'cycles.overdue' }))[0]?.code;
  });
  afterEach(() => vi.useRealTimers());

  const lookAt = (seconds: number): Promise<string | undefined> => {
    vi.setSystemTime(BEGIN + seconds * SECOND);
    return look();
  };

  it('after more than three of its own intervals, and not before', async () => {
    told = { everySeconds: 30, actedAt: 0 };
    await lookAt(0);
    expect(await lookAt(90)).toBeUndefined();
    expect(await lookAt(91)).toBe('cycles.overdue');
  });

  it('not by an interval that it does not have any more', async () => {
    told = { everySeconds: 30, actedAt: 0 };
    await lookAt(0);
    told = { everySeconds: 300, actedAt: 0, updatedAt: 20 };
    expect(await lookAt(300)).toBeUndefined();
    expect(await lookAt(920)).toBeUndefined();
    expect(await lookAt(921)).toBe('cycles.overdue');
  });

  it('from the change on where its interval becomes a shorter one', async () => {
    told = { everySeconds: 300, actedAt: 0 };
    await lookAt(0);
    told = { everySeconds: 30, actedAt: 0, updatedAt: 290 };
    expect(await lookAt(291)).toBeUndefined();
    expect(await lookAt(381)).toBe('cycles.overdue');
  });

  it('never while it is paused, nor for what it left out then', async () => {
    told = { everySeconds: 30, actedAt: 0 };
    await lookAt(0);
    told = { everySeconds: 30, actedAt: 0, paused: true };
    expect(await lookAt(3_000)).toBeUndefined();
    told = { everySeconds: 30, actedAt: 0 };
    expect(await lookAt(3_010)).toBeUndefined();
    expect(await lookAt(3_101)).toBe('cycles.overdue');
  });

  it('never for a time in which nobody was up to look', async () => {
    told = { everySeconds: 300, actedAt: -30_000 };
    expect(await lookAt(0)).toBeUndefined();
    expect(await lookAt(290)).toBeUndefined();
    expect(await lookAt(901)).toBe('cycles.overdue');
  });

  it('never where it has no further round', async () => {
    told = { everySeconds: 30, actedAt: 0, left: 0 };
    await lookAt(0);
    expect(await lookAt(1_000)).toBeUndefined();
  });
});
