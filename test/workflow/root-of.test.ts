import {
  ActivityFailure,
  ApplicationFailure,
  DefaultFailureConverter,
  defaultPayloadConverter,
  type ProtoFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { rootOf } from '../../workflows/root-of.ts';

const GIVEN_UP = 'Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying';
const LATE = 'it was not done within its time';

const ofActivity = (cause?: Error): ActivityFailure =>
  new ActivityFailure('Activity task timed out', 'raiseHalts', '1', 'TIMEOUT', undefined, cause);

/** As it comes over the wire: the failure of the last attempt is the cause of the timeout, which the SDK keeps in `failure` alone. */
function givenUp(cause?: ProtoFailure): Error {
  const timeout = new TimeoutFailure(GIVEN_UP, undefined, 'SCHEDULE_TO_CLOSE');
  timeout.failure = { message: GIVEN_UP, ...(cause ? { cause } : {}) };
  return ofActivity(timeout);
}

const locked = { message: 'database is locked', applicationFailureInfo: { type: 'Error' } };
const startToClose = { message: 'activity StartToClose timeout', timeoutFailureInfo: { timeoutType: 1 } };
const sealed = new DefaultFailureConverter({ encodeCommonAttributes: true }).errorToFailure(
  new Error('no space left'),
  defaultPayloadConverter,
);
const unreadable = { encodedAttributes: { metadata: { encoding: new Uint8Array([1]) } }, applicationFailureInfo: {} };

describe('what went wrong in the end', () => {
  it.each<[string, unknown, string]>([
    ['an error', new Error('x'), 'x'],
    ['no error', 'x', 'x'],
    ['a cause', new Error('x', { cause: new Error('y') }), 'y'],
    ['an activity that failed', ofActivity(ApplicationFailure.nonRetryable('disk full')), 'disk full'],
    ['one without a cause', ofActivity(), 'Activity task timed out'],
    ['one that was given up, by the failure of its last attempt', givenUp(locked), 'database is locked'],
    ['the same where failures are sealed', givenUp(sealed), 'no space left'],
    ['one whose attempts came to no end', givenUp(startToClose), LATE],
    [
      'one whose attempts came to no end but for one',
      givenUp({ ...startToClose, cause: locked }),
      'database is locked',
    ],
    ['one that never began', givenUp(), LATE],
    ['one whose last failure cannot be read', givenUp(unreadable), LATE],
    [
      'a failure that names its own timeout',
      ofActivity(
        ApplicationFailure.create({
          message: 'disk full',
          cause: new TimeoutFailure(GIVEN_UP, undefined, 'SCHEDULE_TO_CLOSE'),
        }),
      ),
      'disk full',
    ],
  ])('of %s', (_name, error, expected) => {
    expect(rootOf(error).message).toBe(expected);
  });
});
