import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { WarehouseActivities } from '../../activities/warehouse/index.ts';
import { noInput } from '../../contracts/inputs.ts';
import type { HousekeepingReport } from '../../contracts/warehouse/reports.ts';
import { readInput } from '../input.ts';

/** Deleting late does no harm: a round that fails for an hour leaves its work to the next day's. */
const { applyRetention } = proxyActivities<WarehouseActivities>({
  startToCloseTimeout: '30m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '5m' },
});

/** Deletes what is older than the configuration keeps it. By schedule, once a day. */
export async function retention(...given: []): Promise<HousekeepingReport> {
  readInput(noInput, given);
  const report = await applyRetention();
  const rows = Object.entries(report.expired).map(([table, count]) => `${table}: ${count}`);
  setCurrentDetails(
    [
      `${report.outbox + report.market} exported events, ${report.answers} answers, ${report.files} files`,
      `${report.stored ?? 0} decisions to the warehouse, ${report.moved ?? 0} out of the journal`,
      ...rows,
    ].join('\n\n'),
  );
  return report;
}
