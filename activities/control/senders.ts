import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import { type Via, via } from '../../contracts/audit.ts';
import { readStop, type Stop } from '../../contracts/control.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** The fence does not wait longer to learn by whom it is raised. */
const TIMEOUT_MS = 300;
const NEWEST = 200;

/** The newest events of the workflow that this activity works for, newest first; none where they cannot be read in time. */
async function newestEvents(client: Client): Promise<HistoryEvent[]> {
  const { workflowExecution: execution, namespace } = Context.current().info;
  try {
    const { history } = await client.withDeadline(Date.now() + TIMEOUT_MS, () =>
      client.workflowService.getWorkflowExecutionHistoryReverse({
        namespace,
        execution: execution ?? null,
        maximumPageSize: NEWEST,
      }),
    );
    return history?.events ?? [];
  } catch {
    return [];
  }
}

/** By whom each stop was sent, as the server noted it: the client's identity, which a client of ours sets to its process. */
export async function sendersOf(client: Client, stops: readonly Stop[]): Promise<Via[]> {
  const sent: { stop: Stop; by: Via }[] = [];
  for (const { workflowExecutionSignaledEventAttributes: signal } of await newestEvents(client)) {
    if (signal?.signalName !== 'emergencyStop') continue;
    const [value] = await decodeArrayFromPayloads(client.options.loadedDataConverter, signal.input?.payloads).catch(
      () => [],
    );
    sent.push({ stop: readStop(value, ''), by: via.temporal(signal.identity ?? '') });
  }
  const isSame = (one: Stop, other: Stop): boolean =>
    one.requestId === '' ? one.reason === other.reason && one.by === other.by : one.requestId === other.requestId;
  return stops.map((stop) => sent.find((each) => isSame(each.stop, stop))?.by ?? UNKNOWN);
}

/** By whom the workflow was started that this activity works for. */
export async function starterOf(client: Client): Promise<Via> {
  const { workflowExecution: execution, namespace } = Context.current().info;
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace,
    execution: execution ?? null,
    maximumPageSize: 1,
  });
  return via.temporal(history?.events?.[0]?.workflowExecutionStartedEventAttributes?.identity ?? '');
}

/** By whom the update was sent that is carried out now. */
export async function senderOfUpdate(client: Client, name: string): Promise<Via> {
  for (const { workflowExecutionUpdateAcceptedEventAttributes: update } of await newestEvents(client)) {
    const { input, meta } = update?.acceptedRequest ?? {};
    if (input?.name === name) return via.temporal(meta?.identity ?? '');
  }
  return UNKNOWN;
}

const UNKNOWN = via.temporal('unknown');
