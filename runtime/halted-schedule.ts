import { type Client, ScheduleNotFoundError } from '@temporalio/client';

/** Begins the note of a schedule that a halt has paused: a resume goes on with no other. */
const HALT_NOTE = 'halted: ';

/** Pauses a schedule of what trades while trading is halted. One that a person has paused is left as it is, and one that is not there needs nothing. */
export async function alignSchedule(
  client: Client,
  scheduleId: string,
  { isHalted, reason }: { isHalted: boolean; reason: string },
): Promise<void> {
  const handle = client.schedule.getHandle(scheduleId);
  try {
    const { state } = await handle.describe();
    if (isHalted && !state.paused) await handle.pause(`${HALT_NOTE}${reason}`);
    if (!isHalted && state.paused && state.note?.startsWith(HALT_NOTE)) await handle.unpause(`resumed: ${reason}`);
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
