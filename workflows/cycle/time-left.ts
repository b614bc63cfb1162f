import { ApplicationFailure } from '@temporalio/workflow';
import type { CycleTerms } from '../../contracts/cycle.ts';
import { stepTimes } from '../../contracts/cycle-times.ts';

type Step = keyof typeof stepTimes;
type End = Pick<CycleTerms, 'endsAt'>;

/** A step that has less is not begun: it would be cut off before it could do anything. */
const LEAST_MS = 250;

/** Of the cycle, without what the steps after this one need; may be below 0. */
export function leftFor(step: Step, { endsAt }: End): number {
  return (endsAt ?? Number.POSITIVE_INFINITY) - Date.now() - stepTimes[step].keepMs;
}

/**
 * What a step may take from now on: its own time, or what is left.
 *
 * @throws {ApplicationFailure} that cuts the cycle short, where nothing is left
 */
export function timeFor(step: Step, end: End, ownMs: number = stepTimes[step].mostMs): number {
  const leftMs = leftFor(step, end);
  if (leftMs < LEAST_MS) throw ApplicationFailure.nonRetryable(`no time was left for its step "${step}"`, 'OutOfTime');
  return Math.min(ownMs, leftMs);
}
