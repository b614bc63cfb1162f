import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TradingControlState } from '../../contracts/control.ts';
import { createWorker } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { startDevServer } from '../support/temporal.ts';
import { ScriptedBooks } from './scripted-books.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

/** Takes a workflow task, and dies with it. */
async function loseTask(taskQueue: string): Promise<void> {
  const { client } = environment;
  const poll = { namespace: environment.namespace ?? 'default', taskQueue: { name: taskQueue }, identity: 'dying' };
  await client.withDeadline(Date.now() + 10_000, () => client.workflowService.pollWorkflowTaskQueue(poll));
}

const stop = (handle: WorkflowHandle, requestId: string) =>
  handle.signal('emergencyStop', { reason: requestId, by: 'ann', requestId });

it.each([
  ['ran out of their time', 20],
  ['were cut off by too many messages', 120],
])('a latch whose first tasks %s stops and replays', { timeout: 60_000 }, async (_how, count) => {
  const taskQueue = `lost-${randomUUID()}`;
  const workflowId = `tradingControl/${randomUUID()}`;
  const { client } = environment;
  const handle = await client.workflow.start('tradingControl', {
    workflowId,
    taskQueue,
    args: [{}],
    workflowTaskTimeout: '1s',
  });
  const asked: Promise<TradingControlState>[] = [];
  for (const round of [1, 2, 3]) {
    await loseTask(taskQueue);
    await Promise.all(Array.from({ length: count }, (_, place) => stop(handle, `${round}/${place}`)));
    asked.push(handle.executeUpdate('settled'));
  }
  const bundle = await workflowBundle();
  const books = new ScriptedBooks('main');
  const worker = await createWorker(
    {},
    {
      connection: environment.nativeConnection,
      namespace: environment.namespace ?? 'default',
      taskQueue,
      workflowBundle: bundle,
      activities: books.activities(),
      shutdownGraceTime: '100ms',
      shutdownForceTime: '1s',
    },
  );
  await worker.runUntil(Promise.all(asked));
  expect(await asked[2]).toMatchObject({ halted: true, fenced: true, quiet: true });
  const history = await handle.fetchHistory();
  await handle.terminate('end of the test');
  const lost = history.events?.filter(
    ({ workflowTaskTimedOutEventAttributes: timedOut, workflowTaskFailedEventAttributes: failed }) =>
      timedOut ?? failed,
  );
  expect(lost?.length).toBeGreaterThanOrEqual(3);
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: bundle }, [{ workflowId, history }]))
    expect(error).toBeUndefined();
});
