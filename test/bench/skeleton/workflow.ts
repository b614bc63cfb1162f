import { proxyActivities } from '@temporalio/workflow';
import type * as activities from './activities.ts';

const { snapshot, agent, step } = proxyActivities<typeof activities>({ startToCloseTimeout: '10s' });

/** The yardstick of the cycle's benchmark: as many steps as a cycle has, and nothing in them. */
export async function skeletonCycle(): Promise<string> {
  await snapshot();
  await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => agent(name)));
  await step('consensus');
  await step('prices');
  await step('sizing');
  return step('execution');
}
