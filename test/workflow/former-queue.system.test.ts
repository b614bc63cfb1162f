import { Client, ScheduleOverlapPolicy } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Guard as Guarded, WatchRequest } from '../../activities/protection/index.ts';
import { agentsSchema } from '../../contracts/config/agents.ts';
import { FORMER_QUEUE, TaskQueue } from '../../contracts/task-queues.ts';
import { exportScheduleId, protectWorkflowId, reportScheduleId } from '../../contracts/workflow-ids.ts';
import type { Holding } from '../../domain/protection/protection.ts';
import { createGuard } from '../../runtime/guard/guard.ts';
import { createPasses } from '../../runtime/guard/passes.ts';
import { clientOptions, createWorker } from '../../runtime/temporal.ts';
import { ensureRounds } from '../../workers/rounds.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { typed } from '../support/plain.ts';
import { startDevServer } from '../support/temporal.ts';

const guardSecret = `${Date.now() - 60_000}-${'s'.repeat(40)}`;
const passes = createPasses(guardSecret);
let environment: TestWorkflowEnvironment;
let client: Client;

beforeAll(async () => {
  environment = await startDevServer();
  const { connection, namespace = 'default' } = environment;
  client = new Client({ connection, namespace, ...clientOptions({ guardSecret }) });
});
afterAll(() => environment.teardown());

/** What the new release runs on each queue, behind its guard. */
async function serve(taskQueues: readonly string[], activities: object): Promise<() => Promise<void>> {
  const guard = createGuard({ passes, client, refuses: true });
  const workflow = await workflowBundle();
  const workers = await Promise.all(
    taskQueues.map((taskQueue) =>
      createWorker(
        {},
        {
          connection: environment.nativeConnection,
          namespace: environment.namespace ?? 'default',
          taskQueue,
          workflowBundle: workflow,
          activities,
          shutdownGraceTime: '100ms',
          shutdownForceTime: '1s',
        },
        guard,
      ),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  return async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  };
}

describe('protective exits that the release before began', () => {
  it('move to where exits are served, with the highest price that they saw', async () => {
    const holding = typed<Holding>({ quantity: '1', averageCost: '100', openedAt: 1 });
    const settings = { stopLoss: 0.03, trailingStop: 0.02 };
    const looks: Guarded[] = [{ holding, settings }, { holding, settings }, {}];
    const watched: string[] = [];
    const close = await serve([TaskQueue.control, FORMER_QUEUE], {
      readGuard: async () => looks.shift(),
      watchPosition: async ({ highest }: WatchRequest) => {
        watched.push(highest);
        return { end: 'again', highest: '117' };
      },
    });
    const workflowId = protectWorkflowId('main', 'BTC/USDT');
    const handle = await client.workflow.start('protectPosition', {
      workflowId,
      taskQueue: FORMER_QUEUE,
      args: [{ account: 'main', symbol: 'BTC/USDT' }],
    });
    expect(await handle.result()).toEqual({ symbol: 'BTC/USDT', end: 'flat' });
    expect(watched).toEqual(['100', '117']);
    const { taskQueue, runId } = await client.workflow.getHandle(workflowId).describe();
    expect({ taskQueue, isNext: runId !== handle.firstExecutionRunId }).toEqual({ taskQueue: 'control', isNext: true });
    await close();
  });
});

describe('a schedule that the release before made', () => {
  it('goes on on its new queue, and a round that nobody serves any more begins anew', async () => {
    const configuration = {
      account: 'main',
      mode: 'paper',
      warehouse: { exportSeconds: 60 },
      agents: agentsSchema.parse({}),
    } as const;
    const exported = exportScheduleId('paper');
    const reported = reportScheduleId('paper', 'daily');
    for (const [scheduleId, workflowType] of [
      [exported, 'exportEvents'],
      [reported, 'report'],
    ] as const)
      await client.schedule.create({
        scheduleId,
        spec: { intervals: [{ every: '1d' }] },
        action: { type: 'startWorkflow', workflowType, workflowId: scheduleId, taskQueue: FORMER_QUEUE },
      });
    const exports = client.schedule.getHandle(exported);
    await exports.trigger(ScheduleOverlapPolicy.SKIP);
    const runningOf = async () => (await exports.describe()).info.runningActions;
    await expect.poll(runningOf, { timeout: 15_000 }).toHaveLength(1);
    const [cutOff] = await runningOf();

    await ensureRounds(client, configuration, 1, TaskQueue.housekeeping);

    const before = await client.workflow
      .getHandle(cutOff?.workflow.workflowId ?? '', cutOff?.workflow.firstExecutionRunId)
      .describe();
    expect([before.taskQueue, before.status.name]).toEqual([FORMER_QUEUE, 'TERMINATED']);
    const close = await serve([TaskQueue.housekeeping], {
      exportEvents: async () => ({ events: 7, rows: 7, bytes: 7 }),
      loadSegments: async () => ({ to: '', loaded: 0 }),
      compactSegments: async () => undefined,
      lookAtHealth: async () => ({ components: 0, unwell: [], due: [] }),
      scoreDueSignals: async () => ({ settled: 0, unknown: 0, waiting: 0, agents: [] }),
      applyRetention: async () => ({ outbox: 0, market: 0, answers: 0, files: 0, expired: {} }),
    });
    await expect
      .poll(
        async () => {
          const { info } = await exports.describe();
          const { workflow } = info.recentActions.at(-1)?.action ?? {};
          const last = await client.workflow.getHandle(workflow?.workflowId ?? '').describe();
          return [last.taskQueue, last.status.name];
        },
        { timeout: 15_000 },
      )
      .toEqual(['housekeeping', 'COMPLETED']);
    // A report is made at no start, and its schedule has moved all the same.
    const { action, info } = await client.schedule.getHandle(reported).describe();
    expect([action.taskQueue, info.numActionsTaken]).toEqual(['housekeeping', 0]);
    await close();
  });
});
