import type { Client } from '@temporalio/client';

/** Where a run of a workflow comes from, as the server knows it. */
export interface Origin {
  workflowId: string;
  runId: string;
  workflowType: string;
  taskQueue: string;
  /** UTC epoch milliseconds, by the server's clock. */
  startedAt: number;
  /** It goes on from a run before it. */
  isContinued: boolean;
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
    const { type, taskQueue, startTime, raw } = await client.workflow.getHandle(workflowId, runId).describe();
    const { rootExecution: root, firstRunId } = raw.workflowExecutionInfo ?? {};
    const isOwnRoot = !root?.workflowId || root.workflowId === workflowId;
    const origin: Origin = {
      workflowId,
      runId,
      workflowType: type,
      taskQueue,
      startedAt: startTime.getTime(),
      isContinued: Boolean(firstRunId) && firstRunId !== runId,
      root: isOwnRoot ? { workflowId, runId } : { workflowId: root.workflowId ?? '', runId: root.runId ?? '' },
    };
    if (known.size >= REMEMBERED) known.clear();
    known.set(runId, origin);
    return origin;
  };
}

const YOUNG_MS = 4 * 60_000;
const NOMINAL_MS = 60_000;
const NOTED_MS = 60_000;
const LOOKS = 15;
const PAUSE_MS = 200;

/**
 * Whether this schedule has started this run. The server keeps the last ten of its starts; of a run that is older than those the id has to name
 * the minute at which it began.
 */
export async function isStartedBy(
  client: Client,
  scheduleId: string,
  { workflowId, runId, startedAt }: Origin,
): Promise<boolean> {
  if (Date.now() > startedAt + YOUNG_MS) {
    const nominalAt = Date.parse(workflowId.slice(scheduleId.length + 1));
    return Math.abs(startedAt - nominalAt) <= NOMINAL_MS;
  }
  // The schedule notes a start a moment after it has made it. Each try of an activity asks: later, one look has to do, or tries that run out of time would go on.
  for (let look = 1; ; look += 1) {
    const { info } = await client.schedule.getHandle(scheduleId).describe();
    const started = info.recentActions.map(({ action }) => action.workflow.firstExecutionRunId);
    if (started.includes(runId)) return true;
    if (look === LOOKS || Date.now() > startedAt + NOTED_MS) return false;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
