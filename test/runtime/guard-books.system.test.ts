import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type BooksActivities,
  booksElsewhere,
  createAbsentBooks,
  createServedBooks,
} from '../../activities/books/index.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { createGuard, type Guard } from '../../runtime/guard/guard.ts';
import { createPasses } from '../../runtime/guard/passes.ts';
import { clientOptions, createWorker } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { cycleTerms } from '../support/cycle-terms.ts';
import { startDevServer } from '../support/temporal.ts';

const guardSecret = `${Date.now() - 60_000}-${'s'.repeat(40)}`;
let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

const guardThat = (allowedAt: () => Promise<boolean>): Guard => {
  const { connection, namespace = 'default' } = environment;
  const client = new Client({ connection, namespace, ...clientOptions({ guardSecret }) });
  return createGuard({ passes: createPasses(guardSecret), client, refuses: true, allowedAt });
};

/** Started by nobody of this installation. */
const startForeign = (taskQueue: string) =>
  environment.client.workflow.start('tradingCycle', { workflowId: `cycle/${randomUUID()}`, taskQueue, args: [{}] });

it.each([
  ['trades where a person has allowed it', true, { outcome: 'SKIPPED_STALE' }],
  ['gets nothing done where nobody has', false, undefined],
])('a cycle by hand whose worker has no books %s', async (_how, allowed, summary) => {
  const opened: unknown[] = [];
  const own = {
    openCycle: async () => {
      opened.push('opened');
      return cycleTerms({ maxLatenessMs: -1 });
    },
    recordCycle: async () => undefined,
  } as unknown as BooksActivities;
  const worker = (taskQueue: string, activities: object, guard: Guard) =>
    workflowBundle().then((bundle) =>
      createWorker(
        {},
        {
          connection: environment.nativeConnection,
          namespace: environment.namespace ?? 'default',
          taskQueue,
          activities,
          ...(taskQueue === TaskQueue.cycles ? { workflowBundle: bundle } : {}),
          shutdownGraceTime: '100ms',
          shutdownForceTime: '500ms',
        },
        guard,
      ),
    );
  const workers = await Promise.all([
    worker(TaskQueue.cycles, createAbsentBooks(), guardThat(booksElsewhere)),
    worker(
      TaskQueue.books,
      createServedBooks(async () => own),
      guardThat(async () => allowed),
    ),
  ]);
  const running = workers.map((one) => one.run());
  const cycle = await startForeign(TaskQueue.cycles);
  if (summary) expect(await cycle.result()).toMatchObject(summary);
  else
    await expect(cycle.result()).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^Refused: .* nobody of this installation/) },
    });
  expect(opened).toHaveLength(allowed ? 1 : 0);
  for (const one of workers) one.shutdown();
  await Promise.all(running);
});

it('whether a start is allowed is asked by a cycle on our queue for itself, and by nobody else', async () => {
  const guard = guardThat(async () => true);
  const [ours, other, elsewhere] = await Promise.all(
    [TaskQueue.cycles, TaskQueue.cycles, 'their-own'].map(startForeign),
  );
  const asking = (by: typeof ours, about: typeof ours) => {
    const of = (handle: typeof ours) => ({
      workflowId: handle?.workflowId ?? '',
      runId: handle?.firstExecutionRunId ?? '',
    });
    const workflow = { ...of(by), workflowType: 'tradingCycle' };
    return guard.refusal({ activityType: 'admit', headers: {}, args: [of(about)], workflow });
  };
  expect(await asking(ours, ours)).toBeUndefined();
  expect(await asking(ours, other)).toMatch(/^admit was asked by another/);
  // With the pass of a cycle on a queue of its own, its own worker could have orders placed.
  expect(await asking(elsewhere, elsewhere)).toMatch(/^admit was asked by another/);
});
