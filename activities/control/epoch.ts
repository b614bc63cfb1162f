import type { Journal } from '../../stores/journal/port.ts';
import { beating } from '../heartbeat.ts';

export type EpochActivities = ReturnType<typeof createEpochActivities>;

/** Asked by cycles and orders that were told of a halt. */
export function createEpochActivities({
  journal,
  account,
}: {
  journal: { control: Pick<Journal['control'], 'read'> };
  account: string;
}) {
  return beating({
    /** Each halt and each resume raises it by one. */
    async currentEpoch(): Promise<number> {
      return (await journal.control.read(account)).epoch;
    },
  });
}
