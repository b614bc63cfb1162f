import type { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { finishDeciding, goOnAfterStop, pauseForStop, STOP_NOTE } from '../../client/controls/planned-stop.ts';
import { ensureSchedule, viewSchedule } from '../../client/controls/schedule.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { alignSchedule } from '../../runtime/halted-schedule.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
let client: Client;
beforeAll(async () => {
  environment = await startDevServer();
  client = environment.client;
});
afterAll(() => environment.teardown());

const makeSchedule = (account: string) => ensureSchedule(client, parseConfiguration({ account }, 'the test'));
const stateOf = async (account: string) => {
  const { paused, note, intervalSeconds } = await viewSchedule(client, account);
  return { paused, note, intervalSeconds };
};

it('pauses the schedule for the stop, and goes on with it at the next start, its interval and its cycles as before', async () => {
  const handle = await makeSchedule('main');
  const before = await handle.describe();
  await pauseForStop(client, 'main');
  await pauseForStop(client, 'main');
  expect(await stateOf('main')).toEqual({ paused: true, note: STOP_NOTE, intervalSeconds: 30 });
  await goOnAfterStop(client, 'main');
  expect(await stateOf('main')).toEqual({ paused: false, note: '', intervalSeconds: 30 });
  const { action, policies, typedSearchAttributes } = await handle.describe();
  expect(action).toEqual(before.action);
  expect(policies).toEqual(before.policies);
  expect(typedSearchAttributes).toEqual(before.typedSearchAttributes);
});

it('leaves what a person has paused, before the stop or during it, and what a halt has', async () => {
  for (const [account, pause] of [
    ['before', (handle) => handle.pause('by ann')],
    ['halted', () => alignSchedule(client, 'cycle/halted', { isHalted: true, reason: 'drawdown' })],
  ] as [string, (handle: Awaited<ReturnType<typeof makeSchedule>>) => Promise<void>][]) {
    const handle = await makeSchedule(account);
    await pause(handle);
    const seen = await stateOf(account);
    expect(seen.paused).toBe(true);
    await pauseForStop(client, account);
    await goOnAfterStop(client, account);
    expect(await stateOf(account)).toEqual(seen);
  }
  const handle = await makeSchedule('during');
  await pauseForStop(client, 'during');
  await handle.pause('by ann');
  await goOnAfterStop(client, 'during');
  expect(await stateOf('during')).toMatchObject({ paused: true, note: 'by ann' });
});

it('needs no schedule, and touches none that runs', async () => {
  await pauseForStop(client, 'nowhere');
  await goOnAfterStop(client, 'nowhere');
  const handle = await makeSchedule('running');
  await handle.unpause('by ann');
  await goOnAfterStop(client, 'running');
  expect(await stateOf('running')).toMatchObject({ paused: false, note: 'by ann' });
});

it('waits for what decides, says so once, and gives up after its time on one that waits for no agent', async () => {
  const waits: number[] = [];
  await finishDeciding(client, (seconds) => waits.push(seconds));
  expect(waits).toEqual([]);
  const handle = await client.workflow.start('tradingCycle', {
    taskQueue: 'nobody',
    workflowId: 'cycle/by-hand',
    args: [{}],
  });
  const ending = finishDeciding(client, (seconds) => waits.push(seconds), 60_000);
  await expect.poll(() => waits).toEqual([60]);
  await handle.terminate();
  await ending;
  expect(waits).toEqual([60]);
  await client.workflow.start('tradingCycle', { taskQueue: 'nobody', workflowId: 'cycle/by-hand-2', args: [{}] });
  await finishDeciding(client, (seconds) => waits.push(seconds), 1_000);
  const { status } = await client.workflow.getHandle('cycle/by-hand-2').describe();
  expect([waits, status.name]).toEqual([[60, 1], 'RUNNING']);
});
