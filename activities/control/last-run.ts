import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { createGuard, type GuardOptions } from '../../runtime/guard/guard.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Run = Pick<WorkflowExecutionInfo, 'runId' | 'type'>;

/** Whether a run of trading control was started by this installation, so that it gets done what its messages ask for. */
export type OriginCheck = (run: Run) => Promise<boolean>;

const READ_WITHIN_MS = 5_000;
const PAGE = 200;
const MOST_RUNS = 10;

/** By the guard's own rule. Where foreign starts are allowed every run is ours. */
export function createOriginCheck(options: GuardOptions): OriginCheck {
  const { client, refuses } = options;
  const guard = createGuard(options);
  return async ({ runId, type: workflowType }) => {
    if (!refuses) return true;
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: TRADING_CONTROL_ID, runId },
      maximumPageSize: 1,
    });
    const headers = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.header?.fields ?? {};
    const workflow = { workflowId: TRADING_CONTROL_ID, runId, workflowType };
    return (await guard.refusal({ activityType: 'reconcile', headers, args: [], workflow })) === undefined;
  };
}

/**
 * Whether a run that has ended may have taken a stop with it: the server accepts one with no worker up, and ends a run whose history grows too
 * large. Behind a run that is not ours those before it are looked at as well, down to the last of ours. What cannot be read in time may have been one.
 */
export async function mayHaveLostStop(
  { client, isOurs }: { client: Client; isOurs: OriginCheck },
  ended: Run,
): Promise<boolean> {
  const look = async (): Promise<boolean> => {
    let isOwn = await isOurs(ended);
    if (await hasUnheard(client, ended.runId, isOwn)) return true;
    if (isOwn) return false;
    let runs = 0;
    for await (const run of client.workflow.list({ query: `WorkflowId = '${TRADING_CONTROL_ID}'`, pageSize: PAGE })) {
      // One that has gone on in another has handed over what it had.
      if (run.runId === ended.runId || run.status.name === 'CONTINUED_AS_NEW') continue;
      isOwn = await isOurs(run);
      if (await hasUnheard(client, run.runId, isOwn)) return true;
      runs += 1;
      if (isOwn || runs === MOST_RUNS) return false;
    }
    return false;
  };
  return client.withDeadline(Date.now() + READ_WITHIN_MS, look).catch(() => true);
}

/**
 * A stop is heard once the latch has seen its signal, and fenced once it has seen the end of `raiseHalts`: it writes again as long as one waits, so
 * that the last call tells of all. Of a run that is not ours nobody knows what it does with a signal.
 */
async function hasUnheard(client: Client, runId: string, isOwn: boolean): Promise<boolean> {
  const written = new Set<string>();
  let isSeen = false;
  for await (const event of newestFirst(client, runId)) {
    const { activityTaskCompletedEventAttributes: completed, activityTaskScheduledEventAttributes: scheduled } = event;
    if (event.workflowTaskCompletedEventAttributes) isSeen = true;
    if (isSeen && completed) written.add(String(completed.scheduledEventId));
    if (event.workflowExecutionSignaledEventAttributes?.signalName === 'emergencyStop' && !(isSeen && isOwn))
      return true;
    if (scheduled?.activityType?.name?.startsWith('raiseHalt')) return !written.has(String(event.eventId));
    const started = event.workflowExecutionStartedEventAttributes;
    // What the run before it had not fenced is in its input.
    if (started) return !isSeen && Boolean(started.continuedExecutionRunId);
  }
  return true;
}

async function* newestFirst(client: Client, runId: string): AsyncGenerator<HistoryEvent> {
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: client.options.namespace,
      execution: { workflowId: TRADING_CONTROL_ID, runId },
      maximumPageSize: PAGE,
      ...(nextPageToken ? { nextPageToken } : {}),
    });
    yield* page.history?.events ?? [];
    nextPageToken = page.nextPageToken ?? undefined;
  } while (nextPageToken && nextPageToken.length > 0);
}
