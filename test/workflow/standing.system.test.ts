import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCycleScheduleActivities } from '../../activities/agents/cycle-schedule.ts';
import { ensureSchedule } from '../../client/controls/schedule.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { askScheduleId } from '../../contracts/workflow-ids.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { endFormerAskings, ensureRounds, restoreRounds } from '../../workers/rounds.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

const configured = (agents: Record<string, unknown>) => parseConfiguration({ agents }, 'a test');
const id = askScheduleId('main', 'qwen');
/** Nobody serves the queue: what is to be seen is the schedule. */
const start = async (configuration: ReturnType<typeof configured>): Promise<void> => {
  await ensureRounds(environment.client, configuration, 1, TaskQueue.cycles);
  await endFormerAskings(environment.client, configuration);
};
const described = () => environment.client.schedule.getHandle(id).describe();

it('an agent’s own schedule keeps to its setting from start to start, and ends with it', async () => {
  const { schedule } = environment.client;
  await start(configured({ qwen: { askEverySeconds: 600 } }));
  expect(await described()).toMatchObject({
    spec: { intervals: [{ every: 600_000 }] },
    policies: { overlap: 'SKIP', catchupWindow: 10_000 },
    action: { workflowType: 'askAgent', taskQueue: 'cycles', workflowExecutionTimeout: 720_000 },
  });
  // The first question comes at once.
  await expect.poll(async () => (await described()).info.runningActions.length, { timeout: 15_000 }).toBe(1);

  await schedule.getHandle(id).pause('a person');
  await start(configured({ qwen: { askEverySeconds: 120 } }));
  expect(await described()).toMatchObject({
    spec: { intervals: [{ every: 120_000 }] },
    action: { workflowExecutionTimeout: 240_000 },
    state: { paused: true, note: 'a person' },
  });

  await start(configured({}));
  await expect(described()).rejects.toThrow(/not found/i);
  await start(configured({}));

  const again = configured({ qwen: { askEverySeconds: 120 } });
  expect(await restoreRounds(environment.client, again, 1)).toContain(id);
});

it('cycles that a person has paused anywhere are known as such', async () => {
  const { client } = environment;
  const { pausedBy } = createCycleScheduleActivities({ client });
  expect(await pausedBy('main')).toBeUndefined();
  const handle = await ensureSchedule(client, configured({}));
  expect(await pausedBy('main')).toBeUndefined();
  await handle.pause('holidays');
  expect(await pausedBy('main')).toBe('the schedule of cycles is paused: holidays');
});
