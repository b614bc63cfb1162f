import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { recordWorkflowId } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { snapshot } from '../domain/portfolio/plan.ts';
import { startDevServer } from '../support/temporal.ts';
import { booksElsewhere } from './books-elsewhere.ts';
import { gate } from './scripted-orders.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

it('a cycle that finds nobody on the queue trades nothing, and says so before it expires', async () => {
  const { serveCycles, sent, close } = booksElsewhere(environment, 'nobody');
  await serveCycles();
  try {
    const cycle = await environment.client.workflow.start('tradingCycle', {
      workflowId: 'cycle/nobody',
      taskQueue: TaskQueue.cycles,
      args: [{}],
      workflowExecutionTimeout: '7s',
    });
    expect(await cycle.result()).toMatchObject({
      outcome: 'SKIPPED_STALE',
      summary: expect.stringMatching(/^its terms could not be read for \d+ ms: no worker took openCycle in its time$/),
    });
    expect(sent()).toBe(0);
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, await cycle.fetchHistory());
  } finally {
    await close();
  }
});

/** It waits for its plan, and then for its record, as long as it may. */
it('a cycle that loses the queue before its plan sends nothing, and its record is written when the books are back', {
  timeout: 120_000,
}, async () => {
  const { serve, books, startCycle, records, sent, close } = booksElsewhere(environment, 'lost');
  const taken = gate();
  const queue = await serve(books({ takeSnapshot: () => taken.pass().then(() => snapshot) }));
  const cycle = await startCycle();
  try {
    await taken.reached;
    const closing = queue.close();
    taken.open();
    await closing;
    expect(await cycle.result()).toMatchObject({
      outcome: 'DEGRADED',
      summary: expect.stringContaining('no worker took planCycle in its time'),
    });
    expect(records).toEqual([]);
    await serve(books());
    await environment.client.workflow.getHandle(recordWorkflowId(tagged(cycle.workflowId))).result();
    expect(records).toMatchObject([{ outcome: 'DEGRADED', orders: [] }]);
    expect(sent()).toBe(0);
  } finally {
    await close();
  }
});
