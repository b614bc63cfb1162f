import { ApplicationFailure } from '@temporalio/workflow';
import type { CycleTerms } from '../../contracts/cycle.ts';
import { type Step, timeGranted, timeLeft } from '../../contracts/cycle-times.ts';

type End = Pick<CycleTerms, 'endsAt'>;

/** Of the cycle, without what the steps after this one need; may be below 0. */
export function leftFor(step: Step, end: End): number {
  return timeLeft(step, end, Date.now());
}

/**
 * What a step may take from now on: its own time, or what is left.
 *
 * @throws {ApplicationFailure} that cuts the cycle short, where nothing is left
 */
export function timeFor(step: Step, end: End, ownMs?: number): number {
  const granted = timeGranted(step, end, Date.now(), ownMs);
  if (typeof granted === 'string') throw ApplicationFailure.nonRetryable(granted, 'OutOfTime');
  return granted;
}
