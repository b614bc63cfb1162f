import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import { type Via, via } from '../../contracts/audit.ts';
import { readStop, type Stop } from '../../contracts/control.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { createGuard, type GuardOptions } from '../../runtime/guard/guard.ts';
import { readStops } from '../../trading/control/books.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Run = Pick<WorkflowExecutionInfo, 'runId' | 'type'>;

/** Whether a run of trading control was started by this installation, so that it gets done what its messages ask for. */
export type OriginCheck = (run: Run) => Promise<boolean>;

const READ_WITHIN_MS = 5_000;
const PAGE = 200;
const MOST_RUNS = 10;
const MOST_STOPS = 100;

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

/** What may have been lost with a run, oldest first. `mayBeMore`: or nobody knows, such as of a history that cannot be read in time. */
export interface LostStops {
  stops: (Stop & { via: Via })[];
  mayBeMore: boolean;
}

/**
 * Stops that a run which has ended has taken with it: the server accepts one with no worker up, and ends a run whose history grows too large.
 * Behind a run that is not ours those before it are looked at as well, down to the last of ours.
 */
export async function lostStops(
  { client, isOurs }: { client: Client; isOurs: OriginCheck },
  ended: Run,
): Promise<LostStops> {
  const look = async (): Promise<LostStops> => {
    let isOwn = await isOurs(ended);
    let lost = await unheard(client, ended.runId, isOwn);
    if (isOwn || isAny(lost)) return lost;
    let runs = 0;
    for await (const run of client.workflow.list({ query: `WorkflowId = '${TRADING_CONTROL_ID}'`, pageSize: PAGE })) {
      // One that has gone on in another has handed over what it had.
      if (run.runId === ended.runId || run.status.name === 'CONTINUED_AS_NEW') continue;
      isOwn = await isOurs(run);
      lost = await unheard(client, run.runId, isOwn);
      runs += 1;
      if (isOwn || isAny(lost) || runs === MOST_RUNS) return lost;
    }
    return lost;
  };
  return client.withDeadline(Date.now() + READ_WITHIN_MS, look).catch(() => ({ stops: [], mayBeMore: true }));
}

function isAny({ stops, mayBeMore }: LostStops): boolean {
  return stops.length > 0 || mayBeMore;
}

/**
 * A stop is heard once the latch has seen its signal, and fenced once it has seen the end of `raiseHalts`: it writes again as long as one waits, so
 * that the last call tells of all. Of a run that is not ours nobody knows what it does with a signal.
 */
async function unheard(client: Client, runId: string, isOwn: boolean): Promise<LostStops> {
  const written = new Set<string>();
  const stops: LostStops['stops'] = [];
  let isSeen = false;
  for await (const event of newestFirst(client, runId)) {
    const { activityTaskCompletedEventAttributes: completed, activityTaskScheduledEventAttributes: scheduled } = event;
    if (event.workflowTaskCompletedEventAttributes) isSeen = true;
    if (isSeen && completed) written.add(String(completed.scheduledEventId));
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal?.signalName === 'emergencyStop' && !(isSeen && isOwn)) {
      const sent = await decoded(client, signal.input);
      stops.unshift({
        ...readStop(sent, `${runId}-${String(event.eventId)}`),
        via: via.temporal(signal.identity ?? ''),
      });
      // Whoever sends so many does not mean each of them.
      if (stops.length === MOST_STOPS) return { stops, mayBeMore: true };
    }
    if (scheduled?.activityType?.name?.startsWith('raiseHalt')) {
      if (written.has(String(event.eventId))) return { stops, mayBeMore: false };
      const given = await decoded(client, scheduled.input);
      const asked = given === undefined ? [] : readStops(given as Stop | Stop[]);
      return {
        stops: [...asked.map((stop) => ({ ...stop, via: via.temporal('unknown') })), ...stops],
        mayBeMore: true,
      };
    }
    const started = event.workflowExecutionStartedEventAttributes;
    // What the run before it had not fenced is in its input.
    if (started) return { stops, mayBeMore: !isSeen && Boolean(started.continuedExecutionRunId) };
  }
  return { stops, mayBeMore: true };
}

/** Undefined where it cannot be read: a stop is one all the same. */
async function decoded(client: Client, input: { payloads?: Payload[] | null } | null | undefined): Promise<unknown> {
  const [value] = await decodeArrayFromPayloads(client.options.loadedDataConverter, input?.payloads).catch(() => []);
  return value;
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
