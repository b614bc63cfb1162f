import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { WarehouseActivities } from '../../activities/warehouse/index.ts';
import { noInput } from '../../contracts/inputs.ts';
import type { ExportReport, LoadReport } from '../../contracts/warehouse/reports.ts';
import { readInput } from '../input.ts';

/**
 * Nothing waits for an export: the events are safe where they are. So it is tried until the next round is due, which goes on where this one stood;
 * a heartbeat tells a dead worker from a long one.
 */
const { exportEvents: exportBatches, compactSegments } = proxyActivities<WarehouseActivities>({
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: '15m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
});

/** The cloud may be away for longer than a round: what it has not got stays marked, and the next round asks again. */
const { loadSegments } = proxyActivities<WarehouseActivities>({
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: '20m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1m', maximumAttempts: 5 },
});

/** Brings what was told since the last round into the warehouse. By schedule, once a minute. */
export async function exportEvents(...given: []): Promise<ExportReport & { loaded: LoadReport }> {
  readInput(noInput, given);
  const report = await exportBatches();
  // What the cloud has not got is not put together yet: its loads go by the segments' names.
  const loaded = await loadSegments();
  await compactSegments();
  const { events, rows, bytes } = report;
  setCurrentDetails(
    [
      `${events} events, ${rows} rows, ${bytes} bytes`,
      ...(loaded.to === '' ? [] : [`${loaded.loaded} segments to ${loaded.to}`]),
    ].join('\n\n'),
  );
  return { ...report, loaded };
}
