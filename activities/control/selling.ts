import type { Client } from '@temporalio/client';
import type { Journal } from '../../stores/journal/port.ts';
import { beating } from '../heartbeat.ts';
import { starterOf } from './senders.ts';

export type SellingActivities = ReturnType<typeof createSellingActivities>;

export function createSellingActivities({
  journal,
  client,
}: {
  journal: { control: Pick<Journal['control'], 'noteSelling'> };
  client: Client;
}) {
  return beating({
    /** Each selling has its entry in the audit trail: that of the stop which ordered it, or one of its own. */
    async noteSelling(account: string, epoch: number): Promise<void> {
      await journal.control.noteSelling({ account, epoch, via: await starterOf(client) });
    },
  });
}
