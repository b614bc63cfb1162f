import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { ReconcileActivities } from '../../activities/reconcile/index.ts';
import type { ReconcileReport } from '../../contracts/control.ts';
import { accountInput } from '../../contracts/inputs.ts';
import { readInput } from '../input.ts';

/** The next look comes within half a minute anyway: one that cannot be made in that time fails, and shows. */
const { reconcileAccount } = proxyActivities<ReconcileActivities>({
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: '28s',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/** Holds the account's books against the exchange, once. By schedule and at the start of the control worker. */
export async function reconcile(given: string): Promise<ReconcileReport> {
  const account = readInput(accountInput, given);
  const report = await reconcileAccount(account);
  setCurrentDetails(describe(report));
  return report;
}

function describe({
  clean,
  compared,
  differences,
  stable,
  adopted,
  cancelled,
  started,
  halted,
}: ReconcileReport): string {
  const found = clean
    ? compared
      ? 'books and exchange agree'
      : 'trades kept coming in: balances were not compared'
    : `**differ** (${stable} looks in a row): ${differences.join('; ')}`;
  const did = [
    ...adopted.map((intentId) => `adopted ${intentId}`),
    ...cancelled.map(({ intentId }) => `cancelled ${intentId}`),
    ...started.map((workflowId) => `started ${workflowId}`),
    ...(halted ? ['**halted trading**'] : []),
  ];
  return [found, ...did].join('\n\n');
}
