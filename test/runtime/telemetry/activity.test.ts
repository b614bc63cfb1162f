import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { booksElsewhere } from '../../../activities/books/index.ts';
import { observed } from '../../../runtime/telemetry/activity.ts';
import { registry } from '../../../runtime/telemetry/metrics.ts';

/** What is told of one attempt at a step: by the error rate, by the counter of this name, and in the log. */
async function told(activityType: string, step: () => Promise<unknown>) {
  const failures: boolean[] = [];
  const logged: string[] = [];
  const logger = new DefaultLogger('INFO', ({ level, message }) => logged.push(`${level} ${message}`));
  const interceptors = [observed((failed) => failures.push(failed))];
  const environment = new MockActivityEnvironment({ activityType }, { interceptors, logger });
  const error = await environment.run(step).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const attempts = (await registry.getSingleMetric('activity_attempts_total')?.get())?.values ?? [];
  const counted = attempts.flatMap(({ labels, value }) =>
    labels['activity'] === activityType ? [[labels['result'], value]] : [],
  );
  return { error, failures, counted, logged };
}

it.each([
  ['none', async () => 1, [false], [['ok', 1]], []],
  [
    'a fault',
    async () => {
      throw new Error('the disk is full');
    },
    [true],
    [['failed', 1]],
    ['WARN Activity failed'],
  ],
])('of a step with %s the attempt is counted', async (name, step, failures, counted, logged) => {
  expect(await told(`step with ${name}`, step)).toMatchObject({ failures, counted, logged });
});

it('that the books are elsewhere is an answer: neither an attempt nor a failure, and no line of the log', async () => {
  expect(await told('openCycle', booksElsewhere)).toEqual({
    error: expect.objectContaining({ type: 'BooksElsewhere', nonRetryable: true }),
    failures: [],
    counted: [],
    logged: [],
  });
});
