import { runInNewContext } from 'node:vm';
import { ActivityFailure, ApplicationFailure, RetryState } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../../contracts/errors.ts';
import { loggable } from '../../../runtime/telemetry/logged-error.ts';
import { createLogger } from '../../../runtime/telemetry/logger.ts';

function lineOf(log: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown> {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  log(createLogger({ process: 'test', level: 'info', destination }));
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
}

const inner = new TypeError('no price');
const failed = new Error('the order was not sent', { cause: inner });
const whole = {
  type: 'Error',
  message: 'the order was not sent',
  stack: expect.stringContaining('logged-error.test.ts'),
  cause: { type: 'TypeError', message: 'no price', stack: expect.stringContaining('TypeError: no price') },
};

describe('an error in a log line', () => {
  test.each(['err', 'error', 'reason'])('is written in full under the name %s', (name) => {
    expect(lineOf((logger) => logger.warn({ [name]: failed, waitedMs: 5 }, 'failed'))).toMatchObject({
      msg: 'failed',
      waitedMs: 5,
      [name]: whole,
    });
  });

  test('is written in full where it is all that is logged, and by a child of the logger', () => {
    expect(lineOf((logger) => logger.error(failed))).toMatchObject({ msg: 'the order was not sent', err: whole });
    expect(lineOf((logger) => logger.child({ part: 'x' }).error({ error: failed }))).toMatchObject({ error: whole });
  });

  test("is written in full where Temporal's SDK tells of a failed activity", () => {
    const cause = ApplicationFailure.nonRetryable('refused', 'ExchangeRefused');
    const failure = new ActivityFailure('failed', 'placeOrder', '7', RetryState.MAXIMUM_ATTEMPTS_REACHED, 'w', cause);
    const line = lineOf((logger) => {
      const sdk = new DefaultLogger('WARN', ({ level, message, meta }) =>
        logger[level === 'ERROR' ? 'error' : 'warn'](meta ?? {}, message),
      );
      sdk.warn('Activity failed', { activityType: 'placeOrder', error: failure });
    });
    expect(line).toMatchObject({
      level: 'warn',
      msg: 'Activity failed',
      activityType: 'placeOrder',
      error: {
        type: 'ActivityFailure',
        activityType: 'placeOrder',
        cause: { type: 'ApplicationFailure', message: 'refused', failureType: 'ExchangeRefused', nonRetryable: true },
      },
    });
  });

  test('of another realm, and one that came between two threads, is an error too', () => {
    const foreign: unknown = runInNewContext("new RangeError('over there')");
    expect(loggable(foreign)).toMatchObject({ type: 'RangeError', message: 'over there', stack: expect.any(String) });
    expect(loggable(structuredClone(failed))).toMatchObject({ type: 'Error', cause: { type: 'TypeError' } });
  });

  test('says its code, and leaves out what hangs on it', () => {
    const error = Object.assign(new UserError('PortInUse', 'Port 1 is in use.'), { request: { headers: { a: 1 } } });
    expect(loggable(error)).toMatchObject({ type: 'UserError', code: 'PortInUse', message: 'Port 1 is in use.' });
    expect(loggable(error)).not.toHaveProperty('request');
  });

  test('ends where its causes are a circle, and tells the errors of several', () => {
    const circle = new Error('circle');
    circle.cause = circle;
    expect(JSON.stringify(loggable(circle)).match(/"message":"circle"/g)).toHaveLength(9);
    expect(loggable(new AggregateError([inner, 'text'], 'both'))).toMatchObject({
      type: 'AggregateError',
      errors: [{ type: 'TypeError', message: 'no price' }, 'text'],
    });
  });
});

test('an error whose own fields throw is logged in what words there are', () => {
  const hostile = new Error('x');
  Object.defineProperty(hostile, 'message', {
    get: () => {
      throw new Error('no');
    },
  });
  expect(lineOf((logger) => logger.error({ error: hostile }, 'told'))).toMatchObject({ msg: 'told' });
  const circle = new AggregateError([], 'circle');
  for (let i = 0; i < 8; i += 1) (circle.errors as unknown[]).push(circle);
  expect(JSON.stringify(loggable(circle)).length).toBeLessThan(100_000);
});

test('what is no error is written as it is', () => {
  const fields = { error: 'in words', count: 3, list: [1], none: null };
  expect(lineOf((logger) => logger.info(fields, 'told'))).toMatchObject(fields);
});
