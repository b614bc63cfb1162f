import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { createWorker } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { type History, keepHistory, recording } from './histories.ts';

export interface WorkflowRig {
  taskQueue: string;
  start(workflowType: string, ...args: unknown[]): Promise<WorkflowHandle>;
  /** Replays what was started, each with the runs that it went on in, terminates what still runs, and closes. */
  close(): Promise<{ workflowType: string; runs: number }[]>;
}

/** Workflows against activities that say what the test wants said: what happens between two of their awaits is in the test's hands. */
export async function startWorkflowRig(
  environment: TestWorkflowEnvironment,
  activities: object,
  options: Partial<WorkerOptions> = {},
): Promise<WorkflowRig> {
  const taskQueue = `rig-${randomUUID()}`;
  const bundle = options.workflowBundle ?? (await workflowBundle());
  const worker = await createWorker(
    {},
    {
      connection: environment.nativeConnection,
      namespace: environment.namespace ?? 'default',
      taskQueue,
      workflowBundle: bundle,
      activities,
      shutdownGraceTime: '100ms',
      shutdownForceTime: '1s',
      ...options,
    },
  );
  const running = worker.run();
  const started = new Map<string, string>();
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
      started.set(handle.workflowId, workflowType);
      return handle;
    },
    async close() {
      const replayed: { workflowType: string; runs: number }[] = [];
      const kept: { workflowId: string; history: History }[] = [];
      try {
        for (const [workflowId, workflowType] of started) {
          const runs: string[] = [];
          for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
            runs.push(runId);
          for (const runId of runs) {
            const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
            // A run that has only begun has nothing to replay, and the replayer waits for it without end.
            if (!history.events?.some((event) => event.workflowTaskCompletedEventAttributes)) continue;
            if (recording) keepHistory(history);
            kept.push({ workflowId, history });
          }
          replayed.push({ workflowType, runs: runs.length });
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
