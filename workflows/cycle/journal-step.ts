import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { GuestActivities } from '../../activities/agents/guests.ts';
import type { StandingActivities } from '../../activities/agents/standing.ts';
import type { OwnConsensusActivities } from '../../activities/coordinator/own-consensus.ts';
import type { PortfolioActivities } from '../../activities/portfolio/index.ts';
import { areElsewhere, orOnBooksQueue } from '../../contracts/books.ts';
import type { CycleTerms } from '../../contracts/cycle.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';

export type JournalActivities = PortfolioActivities & OwnConsensusActivities & GuestActivities & StandingActivities;

/**
 * What takes milliseconds, on this worker's own machine: a marker in the history instead of two dispatches, and nothing of what was asked. Tried once
 * and within a second, so that it never outlasts a workflow task: one that does lets signals in before its result, which a replay has in the other
 * order, and one that is tried again never comes to the end of its `scheduleToCloseTimeout` (both seen with SDK 1.24).
 */
export const localStep = { startToCloseTimeout: '1s', retry: { maximumAttempts: 1 } } as const;
const local = proxyLocalActivities<JournalActivities>(localStep);

/** A step that was refused, and not one that may go well the next time. */
export function isDefinite(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}

/** As an activity a step may be tried again by the server, and a try that is held up is given up for the next. */
const retried = {
  startToCloseTimeout: '2s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '1s' },
} as const;

/** With less, no worker could take it. */
export const LEAST_MS = 250;

/**
 * Runs a step by the journal, which is idempotent: here at first, and where that fails as an activity that the server has tried again. Where the
 * cycle's worker has no books it is one on the queue `books`: at once if the terms say so, else when it was refused here.
 *
 * @param mostMs for all tries together
 */
export async function journalStep<T>(
  mostMs: number,
  step: (journal: JournalActivities) => Promise<T>,
  { books }: Pick<CycleTerms, 'books'> = {},
): Promise<T> {
  const askedAt = Date.now();
  const onQueue = (): Promise<T> => {
    const leftMs = Math.max(LEAST_MS, mostMs - (Date.now() - askedAt));
    // Both, so that its failure says whether nobody took it or nobody could do it.
    const timeouts = { scheduleToStartTimeout: leftMs, scheduleToCloseTimeout: leftMs };
    return step(proxyActivities<JournalActivities>({ ...retried, ...timeouts, taskQueue: TaskQueue.books }));
  };
  if (books === 'queue') return onQueue();
  try {
    return await step(local);
  } catch (error) {
    if (areElsewhere(error)) return onQueue();
    if (isCancellation(error) || isDefinite(error)) throw error;
    const here = proxyActivities<JournalActivities>({ ...retried, scheduleToCloseTimeout: mostMs });
    return step(here).catch(orOnBooksQueue(onQueue));
  }
}
