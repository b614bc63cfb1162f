import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { ReportActivities } from '../../activities/reports/index.ts';
import { periodInput } from '../../contracts/inputs.ts';
import type { WrittenReport } from '../../contracts/warehouse/reports.ts';
import type { Period } from '../../domain/statistics/periods.ts';
import { readInput } from '../input.ts';

/** A report that is late is as good: tried until the warehouse can be read, for half a day. */
const { writeReport } = proxyActivities<ReportActivities>({
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: '12h',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '10m' },
});

/** Writes the report of the day, week or month that ended last. By schedule, soon after its end. */
export async function report(given: Period): Promise<WrittenReport> {
  const period = readInput(periodInput, given);
  const written = await writeReport(period, workflowInfo().startTime.getTime());
  setCurrentDetails(written.file);
  return written;
}
