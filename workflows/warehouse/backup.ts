import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { BackupActivities } from '../../activities/backup/index.ts';
import { noInput } from '../../contracts/inputs.ts';
import type { MadeBackup } from '../../contracts/warehouse/reports.ts';
import { readInput } from '../input.ts';

/** A full disk may be emptied within hours; the next day's backup is another one. */
const { makeBackup } = proxyActivities<BackupActivities>({
  startToCloseTimeout: '1h',
  scheduleToCloseTimeout: '12h',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '10s', backoffCoefficient: 2, maximumInterval: '10m' },
});

/** Copies journal, market buffer and warehouse. By schedule, once a day. */
export async function backup(...given: []): Promise<MadeBackup> {
  readInput(noInput, given);
  const made = await makeBackup(workflowInfo().startTime.getTime());
  setCurrentDetails(`${made.folder}, ${made.bytes} bytes; ${made.expired} older ones deleted`);
  return made;
}
