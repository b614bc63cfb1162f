import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { GuestActivities } from '../../activities/agents/guests.ts';
import type { OwnConsensusActivities } from '../../activities/coordinator/own-consensus.ts';
import type { PortfolioActivities } from '../../activities/portfolio/index.ts';

export type JournalActivities = PortfolioActivities & OwnConsensusActivities & GuestActivities;

/**
 * A transaction of the journal on this worker's own machine: a marker in the history instead of two dispatches. Tried once and within a second,
 * so that it never outlasts a workflow task: one that does lets signals in before its result, which a replay has in the other order, and one
 * that is tried again never comes to the end of its `scheduleToCloseTimeout` (both seen with SDK 1.24).
 */
const local = proxyLocalActivities<JournalActivities>({ startToCloseTimeout: '1s', retry: { maximumAttempts: 1 } });

/** A step that was refused, and not one that may go well the next time. */
export function isDefinite(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}

/** Runs a step by the journal, which is idempotent: here at first, and where that fails as an activity that the server has tried again. */
export async function journalStep<T>(
  scheduleToCloseTimeout: number,
  step: (journal: JournalActivities) => Promise<T>,
): Promise<T> {
  try {
    return await step(local);
  } catch (error) {
    if (isCancellation(error) || isDefinite(error)) throw error;
    const retried = proxyActivities<JournalActivities>({
      startToCloseTimeout: '2s',
      scheduleToCloseTimeout,
      retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '1s' },
    });
    return step(retried);
  }
}
