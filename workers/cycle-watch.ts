import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { scheduleId } from '../contracts/workflow-ids.ts';
import { dueEveryMs } from '../runtime/due-rounds.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import { metrics } from '../runtime/telemetry/metrics.ts';

const INTERVAL_MS = 10_000;
const TIMEOUT_MS = 5_000;

/**
 * Tells how often a cycle is due, as the schedule itself has it: a person may have set another interval than the configuration's, and of one
 * that is paused none is due. Returns a function that ends it.
 */
export function watchCycleSchedule(client: Client, account: string, logger: Logger): () => void {
  const look = async (): Promise<void> => {
    try {
      const schedule = await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
        client.schedule.getHandle(scheduleId(account)).describe(),
      );
      tell(dueEveryMs(schedule));
    } catch (error) {
      // Of a server that is away the last word counts: no cycle comes to its end meanwhile, and that is to be said.
      if (!(error instanceof ScheduleNotFoundError)) throw error;
      tell(undefined);
    }
  };
  const run = (): void =>
    void look().catch((error: unknown) => logger.warn({ err: error }, 'the schedule of cycles could not be read'));
  run();
  const timer = setInterval(run, INTERVAL_MS);
  return () => clearInterval(timer);
}

function tell(everyMs: number | undefined): void {
  if (everyMs === undefined) metrics.cycleInterval.remove({});
  else metrics.cycleInterval.set(everyMs / 1_000);
}
