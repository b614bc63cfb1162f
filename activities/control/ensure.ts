import {
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
  WorkflowNotFoundError,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { WorkflowIdConflictPolicy } from '@temporalio/common';
import { via } from '../../contracts/audit.ts';
import type { EmergencyStop, Stop } from '../../contracts/control.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { lostStops, type OriginCheck } from './last-run.ts';

/** Of the memo: runs of a release that knew no latch lack it. Raised with each change that a history of the latch does not survive. */
const RELEASE = 'release';
const LATCH_RELEASE = 3;

const LATCH_TYPE = 'tradingControl';

/** How trading control is started, whoever does it. */
export function tradingControlStart(account: string) {
  return {
    workflowId: TRADING_CONTROL_ID,
    taskQueue: TaskQueue.control,
    args: [{}],
    // A worker that died holds it up for no longer than this.
    workflowTaskTimeout: '2s',
    staticSummary: `kill switch of the account ${account}`,
    memo: { [RELEASE]: LATCH_RELEASE },
  } satisfies WorkflowStartOptions;
}

/** The server keeps it where no worker is up, and starts the latch where it does not run. */
export function signalStop(client: Client, account: string, stop: EmergencyStop): Promise<WorkflowHandle> {
  return client.workflow.signalWithStart(LATCH_TYPE, {
    ...tradingControlStart(account),
    signal: 'emergencyStop',
    signalArgs: [stop],
  });
}

/** Starts the account's control workflow where it does not run. It reads the books first, and carries out a halt that it finds there. */
export async function ensureTradingControl(client: Client, account: string): Promise<void> {
  await client.workflow.start(LATCH_TYPE, {
    ...tradingControlStart(account),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
  });
}

const ANSWER_MS = 3_000;
/** A worker that died, or is slow, takes one or two. */
const STUCK_ATTEMPTS = 4;

/** For /readyz: a latch that runs and does not answer carries out no stop. */
export async function refuseSilentControl(client: Client): Promise<void> {
  await client
    .withDeadline(Date.now() + ANSWER_MS, () => client.workflow.getHandle(TRADING_CONTROL_ID).query('state'))
    .catch((error: unknown) => {
      throw new Error(`the latch of the emergency stop does not answer: ${String(error)}`);
    });
}

export interface ControlKeeper {
  client: Client;
  journal: { control: Pick<Journal['control'], 'read' | 'raiseHalt' | 'raiseHalts'> };
  isOurs: OriginCheck;
}

/**
 * Sees to it that the latch runs: where it has ended it is started, and put in the place of one that hears nothing any more, or that an earlier
 * release, or nobody of this installation, has started. A stop that it had not fenced is fenced first, as its sender gave it; where nobody can know
 * whether there was one trading is halted: a person has to look at it.
 *
 * @param rules `anyRelease`: one of another release is left alone, since both may run while one takes the other's place.
 */
export async function keepControl(
  { client, journal, isOurs }: ControlKeeper,
  account: string,
  { anyRelease }: { anyRelease: boolean },
): Promise<'kept' | 'started' | 'replaced'> {
  const found = await lastRun(client);
  if (!found) {
    await ensureTradingControl(client, account);
    return 'started';
  }
  const halt = async (reason: string): Promise<void> => {
    const { tradingState, changedBy } = await journal.control.read(account);
    // Software ends a halt by reconciliation; of any other a person has to look already, who is to see what it was for.
    if (tradingState === 'halted' && changedBy !== 'reconcile') return;
    const requestId = `trading-control/${found.runId}`;
    await journal.control.raiseHalt({ requestId, account, reason, by: 'sapphire', via: via.system('sapphire') });
  };
  const isRunning = found.status.name === 'RUNNING';
  if (isRunning) {
    const isOwn = found.type === LATCH_TYPE && (await isOurs(found));
    if (isOwn && isLatch(found, anyRelease) && !isStuck(found)) return 'kept';
    // What one of ours has heard, and what not, its history says: a question of ours alone keeps a task open where nobody serves it any more.
    if (isStuck(found) || (!isOwn && isAtWork(found)))
      await halt('trading control was replaced with work under way, which may have been a stop');
    await end(client, found.runId);
  }
  // Of a run that has ended, so that no stop arrives behind the look.
  const { stops, mayBeMore } = await lostStops({ client, isOurs }, found);
  if (stops.length > 0) await journal.control.raiseHalts(account, stops);
  if (mayBeMore)
    await halt('trading control ended before it had carried out all that it was sent, which may have been a stop');
  // The new latch carries out the halt that it finds in the books; what is to be sold it has to be told.
  const selling = stops.findLast(({ flatten }) => flatten);
  if (selling) await signalStop(client, account, sent(selling));
  else await ensureTradingControl(client, account);
  return isRunning ? 'replaced' : 'started';
}

function sent({ requestId, reason, by, flatten }: Stop): EmergencyStop {
  return { requestId, reason, by, flatten };
}

/** The newest; undefined where there never was one. */
async function lastRun(client: Client): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(TRADING_CONTROL_ID).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function isLatch({ taskQueue, memo }: WorkflowExecutionDescription, anyRelease: boolean): boolean {
  const release = memo?.[RELEASE];
  const isOfRelease = anyRelease ? typeof release === 'number' : release === LATCH_RELEASE;
  return isOfRelease && taskQueue === TaskQueue.control;
}

/** Its workflow task fails again and again: it hears nothing any more, and would not until a person ended it. */
function isStuck({ raw: { pendingWorkflowTask } }: WorkflowExecutionDescription): boolean {
  return (pendingWorkflowTask?.attempt ?? 0) >= STUCK_ATTEMPTS;
}

function isAtWork({ raw: { pendingActivities, pendingWorkflowTask } }: WorkflowExecutionDescription): boolean {
  return (pendingActivities?.length ?? 0) > 0 || Boolean(pendingWorkflowTask);
}

/** Another process may be faster. */
async function end(client: Client, runId: string): Promise<void> {
  try {
    await client.workflow.getHandle(TRADING_CONTROL_ID, runId).terminate('replaced by the latch of this installation');
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
