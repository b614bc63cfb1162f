import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { createWorker } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { type History, keepHistory, recording } from './histories.ts';

export interface WorkflowRig {
  taskQueue: string;
  start(workflowType: string, ...args: unknown[]): Promise<WorkflowHandle>;
  /** Replays what was started, each with the runs that it went on in, terminates what still runs, and closes. */
  close(): Promise<{ workflowType: string; runs: number }[]>;
}

/** One test in a rig of its own. Orders are worked in it, too, whoever has started them. */
export async function inRig(
  environment: TestWorkflowEnvironment,
  activities: object,
  work: (rig: WorkflowRig) => Promise<void>,
  taskQueue: string = TaskQueue.execution,
): Promise<void> {
  const start = (queue: string) => startWorkflowRig(environment, activities, { taskQueue: queue });
  const rig = await start(taskQueue);
  const orders = taskQueue === TaskQueue.execution ? undefined : await start(TaskQueue.execution);
  try {
    await work(rig);
  } finally {
    await rig.close();
    await orders?.close();
  }
}

/** Workflows against activities that say what the test wants said: what happens between two of their awaits is in the test's hands. */
export async function startWorkflowRig(
  environment: TestWorkflowEnvironment,
  activities: object,
  options: Partial<WorkerOptions> = {},
): Promise<WorkflowRig> {
  const taskQueue = options.taskQueue ?? `rig-${randomUUID()}`;
  const bundle = options.workflowBundle ?? (await workflowBundle());
  const worker = await createWorker(
    {},
    {
      connection: environment.nativeConnection,
      namespace: environment.namespace ?? 'default',
      workflowBundle: bundle,
      activities,
      shutdownGraceTime: '100ms',
      shutdownForceTime: '1s',
      ...options,
      taskQueue,
    },
  );
  const running = worker.run();
  const started = new Map<string, { workflowType: string; runId: string }>();
  const { client } = environment;
  return {
    taskQueue,
    async start(workflowType, ...args) {
      const handle = await client.workflow.start(workflowType, {
        workflowId: `${workflowType}/${randomUUID()}`,
        taskQueue,
        args,
        workflowTaskTimeout: '2s',
      });
      started.set(handle.workflowId, { workflowType, runId: handle.firstExecutionRunId });
      return handle;
    },
    async close() {
      const replayed: { workflowType: string; runs: number }[] = [];
      const kept: { workflowId: string; history: History }[] = [];
      try {
        for (const [workflowId, { workflowType, runId }] of started) {
          let runs = 0;
          for (let next: string | undefined | null = runId; next; runs += 1) {
            const history = await client.workflow.getHandle(workflowId, next).fetchHistory();
            next = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
            // A run that has only begun has nothing to replay, and the replayer waits for it without end.
            if (!history.events?.some((event) => event.workflowTaskCompletedEventAttributes)) continue;
            if (recording) keepHistory(history);
            kept.push({ workflowId, history });
          }
          replayed.push({ workflowType, runs });
        }
        // By one worker, since each takes longer to start than to replay a history.
        for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: bundle }, kept)) {
          if (error) throw new Error(`the history of ${workflowId} does not replay`, { cause: error });
        }
      } finally {
        for (const workflowId of started.keys())
          await client.workflow
            .getHandle(workflowId)
            .terminate('end of the test')
            .catch(() => undefined);
        worker.shutdown();
        await running;
      }
      return replayed;
    },
  };
}
