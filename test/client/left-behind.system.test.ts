import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askLatch } from '../../activities/control/ask-latch.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

const request = { reason: 'feed is back', by: 'ann', expectedEpoch: 3 };

it.each([
  ['before it was carried out', false],
  ['after it was carried out', true],
])('asks the next run again where one went on with an update in its hands, %s', async (_what, carriedOut) => {
  const { client, nativeConnection: connection } = environment;
  const taskQueue = `left-behind-${carriedOut}`;
  const worker = await Worker.create({
    connection,
    namespace: environment.namespace ?? 'default',
    taskQueue,
    workflowsPath: new URL('../support/leaving.ts', import.meta.url).pathname,
  });
  await worker.runUntil(async () => {
    const handle = await client.workflow.start('leaving', {
      taskQueue,
      workflowId: taskQueue,
      args: [{ runs: 0, epoch: 3, carriedOut }],
    });
    expect(await askLatch(client.workflow.getHandle(handle.workflowId), request)).toMatchObject({
      halted: false,
      epoch: 4,
      runs: 1,
    });
    const stale = askLatch(client.workflow.getHandle(handle.workflowId), { ...request, by: 'ben' });
    await expect(stale).rejects.toThrow('Workflow Update failed');
    await client.workflow.getHandle(handle.workflowId).terminate();
  });
});
