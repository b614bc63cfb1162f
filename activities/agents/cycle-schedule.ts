import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { scheduleId } from '../../contracts/workflow-ids.ts';

export type CycleScheduleActivities = ReturnType<typeof createCycleScheduleActivities>;

export function createCycleScheduleActivities({ client }: { client: Client }) {
  return {
    /** Why no cycle is begun by schedule, whoever has paused it and wherever; undefined where they go on, or are begun by hand alone. */
    async pausedBy(account: string): Promise<string | undefined> {
      try {
        const { state } = await client.schedule.getHandle(scheduleId(account)).describe();
        return state.paused ? `the schedule of cycles is paused${state.note ? `: ${state.note}` : ''}` : undefined;
      } catch (error) {
        if (error instanceof ScheduleNotFoundError) return undefined;
        throw error;
      }
    },
  };
}
