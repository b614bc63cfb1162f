import type { Client } from '@temporalio/client';

/** Where a workflow comes from, as the server knows it. */
export interface Origin {
  startedAt: number;
  /** The workflow at the beginning of the chain of parents; itself where it has none. */
  root: { workflowId: string; runId: string };
}

const REMEMBERED = 2_000;

/** Looks a run up once: neither its parents nor its start ever change. */
export function createOrigins(client: Client): (workflowId: string, runId: string) => Promise<Origin> {
  const known = new Map<string, Origin>();
  return async (workflowId, runId) => {
    const found = known.get(runId);
    if (found) return found;
    const { startTime, raw } = await client.workflow.getHandle(workflowId, runId).describe();
    const root = raw.workflowExecutionInfo?.rootExecution;
    const origin: Origin = {
      startedAt: startTime.getTime(),
      root: { workflowId: root?.workflowId ?? workflowId, runId: root?.runId ?? runId },
    };
    if (known.size >= REMEMBERED) known.clear();
    known.set(runId, origin);
    return origin;
  };
}
