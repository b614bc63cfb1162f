import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionStatusName,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { WorkflowIdReusePolicy } from '@temporalio/common';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CutCycle, MissingRun, RunState, Runs } from '../../trading/reconcile/missing.ts';
import { type ControlKeeper, keepControl } from '../control/ensure.ts';
import { ensureProtection } from '../protection/ensure.ts';

/** Ends that a workflow of ours does not come to by itself. */
const cutShort: readonly WorkflowExecutionStatusName[] = ['TERMINATED', 'CANCELLED', 'FAILED', 'TIMED_OUT'];

/** What runs beside the books is a workflow. */
export function runsOn(client: Client): Runs {
  return {
    state: (workflowId) => stateOf(client, workflowId),
    cutCycles: (since) => cutCycles(client, since),
    start: (workflowType, run) => start(client, workflowType, run),
    protect: (account, symbol) => ensureProtection(client, account, symbol),
  };
}

/** The server's words of a query for `cutShort`. */
const CUT_SHORT = "ExecutionStatus IN ('Terminated', 'Canceled', 'Failed', 'TimedOut')";
const MOST_CYCLES = 100;

async function cutCycles(client: Client, since: number): Promise<CutCycle[]> {
  const query = `WorkflowType = 'tradingCycle' AND ${CUT_SHORT} AND CloseTime > '${new Date(since).toISOString()}'`;
  const found: CutCycle[] = [];
  for await (const { workflowId, runId, startTime, closeTime, status, typedSearchAttributes } of client.workflow.list({
    query,
  })) {
    const account = typedSearchAttributes.get(searchAttributes.account);
    const [startedAt, endedAt] = [startTime.getTime(), (closeTime ?? startTime).getTime()];
    found.push({ cycleId: tagged(workflowId), runId, account, startedAt, endedAt, end: status.name.toLowerCase() });
    if (found.length === MOST_CYCLES) break;
  }
  return found;
}

export async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  return (await stateOf(client, workflowId)) === 'running';
}

async function stateOf(client: Client, workflowId: string): Promise<RunState | undefined> {
  try {
    const { name } = (await client.workflow.getHandle(workflowId).describe()).status;
    if (name === 'RUNNING') return 'running';
    return cutShort.includes(name) ? 'cut_short' : 'ended';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Without it a stop by signal is refused by the server, and one that is not ours refuses every resume. */
export async function startMissingControl(keeper: ControlKeeper, account: string): Promise<string[]> {
  return (await keepControl(keeper, account, { anyRelease: true })) === 'kept' ? [] : [TRADING_CONTROL_ID];
}

async function start(client: Client, workflowType: string, run: MissingRun): Promise<boolean> {
  const { workflowId, account, cycleId, symbols, summary, args } = run;
  try {
    await client.workflow.start(workflowType, {
      workflowId,
      taskQueue: TaskQueue.execution,
      args,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
      workflowTaskTimeout: '2s',
      typedSearchAttributes: [
        { key: searchAttributes.account, value: account },
        ...(cycleId === undefined ? [] : [{ key: searchAttributes.cycleId, value: cycleId }]),
        ...(symbols === undefined ? [] : [{ key: searchAttributes.symbols, value: symbols }]),
      ],
      staticSummary: summary,
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
