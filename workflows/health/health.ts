import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { HealthActivities, HealthLook } from '../../activities/health/index.ts';
import { noInput } from '../../contracts/inputs.ts';
import { readInput } from '../input.ts';
import { nominalTime } from '../nominal-time.ts';

/** The next look comes within seconds: one that fails is not made up for. */
const { lookAtHealth } = proxyActivities<HealthActivities>({
  startToCloseTimeout: '12s',
  scheduleToCloseTimeout: '14s',
  heartbeatTimeout: '3s',
  retry: { maximumAttempts: 1 },
  summary: 'a look at every component',
});

/** Tried once: whether to try again is decided by what a later look finds, and by the budget of the recovery. */
const { recover } = proxyActivities<HealthActivities>({
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '40s',
  heartbeatTimeout: '5s',
  retry: { maximumAttempts: 1 },
});

export interface HealthReport extends Omit<HealthLook, 'due'> {
  recoveries: string[];
}

/** Looks at every component once and tries what may help those that are not well. By schedule. */
export async function health(...given: []): Promise<HealthReport> {
  readInput(noInput, given);
  const { components, unwell, due } = await lookAtHealth(nominalTime(workflowInfo()));
  const recoveries = await Promise.all(
    due.map(async (each) => {
      // One whose end is not heard of counts as failed in the books after a minute.
      const outcome = await recover
        .executeWithOptions({ summary: `${each.action} for ${each.component}` }, [each])
        .catch(() => 'failed' as const);
      return `${each.action} for ${each.component}: ${outcome}`;
    }),
  );
  setCurrentDetails(
    [
      unwell.length === 0 ? `all ${components} components are well` : `**not well**: ${unwell.join(', ')}`,
      ...recoveries,
    ].join('\n\n'),
  );
  return { components, unwell, recoveries };
}
