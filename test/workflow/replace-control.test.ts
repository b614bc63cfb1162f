import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ensureTradingControl, replaceOlderControl } from '../../activities/control/ensure.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { temporaryJournal } from '../support/books.ts';
import { startDevServer } from '../support/temporal.ts';
import { startWorkflowRig } from '../support/workflow-rig.ts';
import { ScriptedBooks } from './scripted-books.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());
afterEach(() => control().terminate('end of the test'));

const control = () => environment.client.workflow.getHandle(TRADING_CONTROL_ID);

/** As releases before the latch did. */
const startOlder = (taskQueue: string) =>
  environment.client.workflow.start('tradingControl', {
    workflowId: TRADING_CONTROL_ID,
    taskQueue,
    args: [{ account: 'main' }],
  });

it('puts the latch in the place of an older trading control that nobody waits for', async () => {
  const journal = await temporaryJournal();
  const rig = await startWorkflowRig(environment, new ScriptedBooks('main').activities());
  const older = await startOlder(rig.taskQueue);
  await older.executeUpdate('settled');
  // Nothing is under way any more, for a while.
  await expect
    .poll(async () => {
      const { pendingActivities, pendingWorkflowTask } = (await older.describe()).raw;
      return [pendingActivities?.length, pendingWorkflowTask];
    })
    .toEqual([0, null]);
  await sleep(500);
  expect(await replaceOlderControl({ client: environment.client, journal }, 'main')).toBe(true);
  expect(await journal.control.read('main')).toMatchObject({ tradingState: 'active', epoch: 0 });
  const first = environment.client.workflow.getHandle(TRADING_CONTROL_ID, older.firstExecutionRunId);
  expect((await first.describe()).status.name).toBe('TERMINATED');
  expect((await control().describe()).status.name).toBe('RUNNING');
  expect(await replaceOlderControl({ client: environment.client, journal }, 'main')).toBe(false);
  await rig.close();
  await journal.close();
});

it('halts where the older one had work under way, which may have been a stop', async () => {
  const journal = await temporaryJournal();
  const older = await startOlder(TaskQueue.operations);
  await older.signal('emergencyStop', { reason: 'nobody home', by: 'ann' });
  expect(await replaceOlderControl({ client: environment.client, journal }, 'main')).toBe(true);
  expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1, changedBy: 'sapphire' });
  await journal.close();
});

it('leaves a latch alone', async () => {
  const journal = await temporaryJournal();
  await ensureTradingControl(environment.client, 'main');
  await control().signal('emergencyStop', { reason: 'x', by: 'ann' });
  expect(await replaceOlderControl({ client: environment.client, journal }, 'main')).toBe(false);
  expect((await journal.control.read('main')).tradingState).toBe('active');
  await journal.close();
});
