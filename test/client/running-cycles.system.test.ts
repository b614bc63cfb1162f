import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runsOn } from '../../activities/reconcile/missing.ts';
import { beginSchedule } from '../../client/cli/first-cycle.ts';
import { runCycle } from '../../client/controls/cycle.ts';
import { ensureSchedule } from '../../client/controls/schedule.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { scheduleId } from '../../contracts/workflow-ids.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

const configurationOf = (account: string) => parseConfiguration({ account }, 'the test');

/** Nobody serves the queue: what is known of these cycles their start has said. */
async function running(account: string): Promise<{ workflowId: string; mode: unknown; cycleId: unknown }[]> {
  const found: { workflowId: string; mode: unknown; cycleId: unknown }[] = [];
  const query = `Account = '${account}' AND WorkflowType = 'tradingCycle' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId, searchAttributes } of environment.client.workflow.list({ query })) {
    const { Mode: mode, CycleId: cycleId } = searchAttributes;
    found.push({ workflowId, mode: mode?.[0], cycleId: cycleId?.[0] });
  }
  return found;
}

it('a cycle that its schedule has started is found by its account while it runs, and no other with it', async () => {
  for (const account of ['main', 'second'])
    await (await ensureSchedule(environment.client, configurationOf(account))).trigger();
  await expect.poll(() => running('second')).toHaveLength(1);
  await expect
    .poll(() => running('main'))
    .toEqual([{ workflowId: expect.stringContaining(scheduleId('main')), mode: 'paper', cycleId: undefined }]);
});

it('so is one of a schedule that was made before they could be found, which stays as a person left it', async () => {
  const configuration = configurationOf('older');
  const { client } = environment;
  await client.schedule.create({
    scheduleId: scheduleId('older'),
    spec: { intervals: [{ every: '7 minutes' }] },
    action: { type: 'startWorkflow', workflowType: 'tradingCycle', taskQueue: TaskQueue.cycles, args: [{}] },
    state: { paused: true, note: 'by ann' },
  });
  const schedule = await ensureSchedule(client, configuration);
  await schedule.trigger();
  await expect.poll(() => running('older')).toMatchObject([{ mode: 'paper' }]);
  const { spec, state } = await schedule.describe();
  expect({ every: spec.intervals?.[0]?.every, ...state }).toMatchObject({
    every: 420_000,
    paused: true,
    note: 'by ann',
  });
});

it('a start begins one at once, and none of a schedule that a person has paused', async () => {
  const { client } = environment;
  const standing = { resumes: false, lastStartedAt: undefined };
  const paused = configurationOf('paused');
  await (await ensureSchedule(client, paused)).pause('by ann');
  expect(await beginSchedule(client, paused, standing)).toMatch(/^The schedule is paused \(by ann\)/);
  expect(await beginSchedule(client, configurationOf('fresh'), standing)).toBeUndefined();
  await expect.poll(() => running('fresh')).toHaveLength(1);
  const { info } = await client.schedule.getHandle(scheduleId('paused')).describe();
  expect(info.numActionsTaken).toBe(0);
});

it('so is one that was started by hand, by its own id too, and once it was ended by force', async () => {
  const startedAt = Date.now();
  const run = runCycle(environment.client, configurationOf('hand'), {});
  const ended = expect(run).rejects.toMatchObject({ code: 'CycleFailed' });
  await expect.poll(() => running('hand')).toHaveLength(1);
  const [cycle] = await running('hand');
  expect(cycle).toEqual({ workflowId: cycle?.workflowId, mode: 'paper', cycleId: cycle?.workflowId });
  await environment.client.workflow.getHandle(cycle?.workflowId ?? '').terminate('end of the test');
  await ended;
  const cut = () => runsOn(environment.client).cutCycles(startedAt - 1_000);
  await expect.poll(cut).toMatchObject([{ cycleId: cycle?.workflowId, account: 'hand', end: 'terminated' }]);
});
