import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { watchCycleSchedule } from '../../workers/cycle-watch.ts';
import { silent } from '../paper-exchange/harness.ts';

const START = 1_000_000;
const schedule = { paused: false, everyMs: 3_600_000, lastUpdatedAt: undefined as Date | undefined };
const client = {
  withDeadline: async (_deadline: number, ask: () => Promise<unknown>) => ask(),
  schedule: {
    getHandle: () => ({
      describe: async () => ({
        state: { paused: schedule.paused },
        info: {
          nextActionTimes: [1, 2].map((count) => new Date(START + count * schedule.everyMs)),
          createdAt: new Date(1_000),
          lastUpdatedAt: schedule.lastUpdatedAt,
        },
      }),
    }),
  },
} as unknown as Client;

let stop: () => void;
beforeEach(() => {
  vi.useFakeTimers({ now: START });
  stop = watchCycleSchedule(client, 'main', silent);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

/** What is told, in seconds, once it has been looked at. */
async function told(): Promise<(number | undefined)[]> {
  await vi.advanceTimersByTimeAsync(10_000);
  const all = await Promise.all([metrics.cycleInterval.get(), metrics.cycleExpectedSince.get()]);
  return all.map(({ values }) => values[0]?.value);
}

it('cycles are due since this process began, the schedule was changed, or it was resumed', async () => {
  expect(await told()).toEqual([3_600, START / 1_000]);
  schedule.everyMs = 300_000;
  schedule.lastUpdatedAt = new Date(START + 12_000);
  expect(await told()).toEqual([300, START / 1_000 + 12]);
  // No resume and no pause is a change that the schedule remembers.
  schedule.paused = true;
  expect(await told()).toEqual([undefined, undefined]);
  schedule.paused = false;
  expect(await told()).toEqual([300, START / 1_000 + 40]);
  expect(await told()).toEqual([300, START / 1_000 + 40]);
});
