import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { scheduleId } from '../contracts/workflow-ids.ts';
import { dueEveryMs } from '../runtime/due-rounds.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import { metrics } from '../runtime/telemetry/metrics.ts';

const INTERVAL_MS = 10_000;
const TIMEOUT_MS = 5_000;

/**
 * Tells how often a cycle is due, as the schedule itself has it, and since when: a person may have set another interval than the configuration's,
 * and of one that is paused none is due. What was not due before is not held against it after. Returns a function that ends it.
 */
export function watchCycleSchedule(client: Client, account: string, logger: Logger): () => void {
  /** Since when this process has seen cycles to be due, in UTC epoch milliseconds: a resume is no change that the schedule remembers. */
  let seenSince: number | undefined;
  const tell = (everyMs: number | undefined, changedAt: number): void => {
    if (everyMs === undefined) {
      seenSince = undefined;
      metrics.cycleInterval.remove({});
      metrics.cycleExpectedSince.remove({});
      return;
    }
    seenSince ??= Date.now();
    metrics.cycleInterval.set(everyMs / 1_000);
    metrics.cycleExpectedSince.set(Math.max(seenSince, changedAt) / 1_000);
  };
  const look = async (): Promise<void> => {
    try {
      const schedule = await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
        client.schedule.getHandle(scheduleId(account)).describe(),
      );
      const { lastUpdatedAt, createdAt } = schedule.info;
      tell(dueEveryMs(schedule), (lastUpdatedAt ?? createdAt).getTime());
    } catch (error) {
      // Of a server that is away the last word counts: no cycle comes to its end meanwhile, and that is to be said.
      if (!(error instanceof ScheduleNotFoundError)) throw error;
      tell(undefined, 0);
    }
  };
  const run = (): void =>
    void look().catch((error: unknown) => logger.warn({ err: error }, 'the schedule of cycles could not be read'));
  run();
  const timer = setInterval(run, INTERVAL_MS);
  return () => clearInterval(timer);
}
