import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionStatusName,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { WorkflowIdReusePolicy } from '@temporalio/common';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import {
  flattenWorkflowId,
  orderWorkflowId,
  planWorkflowId,
  protectWorkflowId,
  TRADING_CONTROL_ID,
} from '../../contracts/workflow-ids.ts';
import { decimal } from '../../domain/money/money.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { type ControlKeeper, keepControl } from '../control/ensure.ts';
import { ensureProtection, PROTECTED_WITHIN_MS } from '../protection/ensure.ts';

/** Workflows are lost by hand alone (terminated, reset, another server). What the journal says is under way has one again after this. */

export async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  return (await lastStatus(client, workflowId)) === 'RUNNING';
}

/** Of the newest run; undefined where there never was one. */
async function lastStatus(client: Client, workflowId: string): Promise<WorkflowExecutionStatusName | undefined> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Without it a stop by signal is refused by the server, and one that is not ours refuses every resume. */
export async function startMissingControl(keeper: ControlKeeper, account: string): Promise<string[]> {
  return (await keepControl(keeper, account, { anyRelease: true })) === 'kept' ? [] : [TRADING_CONTROL_ID];
}

interface Start {
  workflowId: string;
  account: string;
  /** Of what belongs to a cycle. */
  cycleId?: string;
  symbols?: string[];
  summary: string;
  args: unknown[];
}

/** One that came to its own end is not started again. */
async function startMissing(client: Client, workflowType: string, start: Start): Promise<boolean> {
  const { workflowId, account, cycleId, symbols, summary, args } = start;
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

export function startMissingOrder(client: Client, leg: OrderLeg): Promise<boolean> {
  const { account, cycleId, legId, symbol, side, quantity, purpose } = leg;
  return startMissing(client, 'executeOrder', {
    workflowId: orderWorkflowId(legId),
    account,
    cycleId,
    symbols: [symbol],
    summary: `${side} ${quantity} ${symbol} to ${purpose} (${account}), found without a workflow`,
    args: [leg],
  });
}

/** A cycle that is still on its way to the plan's workflow is not overtaken. */
const PLAN_AGE_MS = 60_000;

export async function startMissingPlans(
  { journal, client }: { journal: Pick<Journal, 'cycles'>; client: Client },
  account: string,
  onLegFailure: 'flatten' | 'hold',
  now: number,
): Promise<string[]> {
  const started: string[] = [];
  for (const { cycleId, legs } of await journal.cycles.unsettledPlans(account, now - PLAN_AGE_MS)) {
    const workflowId = planWorkflowId(cycleId);
    if (await isRunning(client, workflowId)) continue;
    const input: Pick<OrderPlan, 'cycleId' | 'legs'> & { onLegFailure: 'flatten' | 'hold' } = {
      cycleId,
      legs,
      onLegFailure,
    };
    const start = {
      workflowId,
      account,
      cycleId,
      symbols: legs.map(({ symbol }) => symbol),
      summary: `plan of ${legs.length} legs (${account}), found without a workflow`,
      args: [input],
    };
    if (await startMissing(client, 'executePlan', start)) started.push(workflowId);
  }
  return started;
}

/** Ends that exits do not come to by themselves. */
const cutShort: readonly (WorkflowExecutionStatusName | undefined)[] = [
  'TERMINATED',
  'CANCELLED',
  'FAILED',
  'TIMED_OUT',
];

/** A selling of the halt in force that was ended by force goes on: nobody else would sell what it had not sold. */
export async function startMissingFlatten(
  { journal, client }: { journal: Pick<Journal, 'control'>; client: Client },
  account: string,
): Promise<string[]> {
  const { tradingState, epoch } = await journal.control.read(account);
  if (tradingState !== 'halted') return [];
  const workflowId = flattenWorkflowId(account, epoch);
  const last = await lastStatus(client, workflowId);
  if (last === undefined || !cutShort.includes(last)) return [];
  const summary = `sells everything that ${account} holds, found without a workflow`;
  const start = { workflowId, account, summary, args: [account, epoch] };
  return (await startMissing(client, 'flatten', start)) ? [workflowId] : [];
}

/** Exits that were started, and whether they should have run by then: those of a new holding are started by whoever sees it first. */
export interface StartedExits {
  workflowId: string;
  overdue: boolean;
}

export async function startMissingProtection(
  { journal, client }: { journal: Pick<Journal, 'ledger'>; client: Client },
  account: string,
  now: number,
): Promise<StartedExits[]> {
  const started: StartedExits[] = [];
  for (const { symbol, quantity, openedAt } of await journal.ledger.positions(account)) {
    const workflowId = protectWorkflowId(account, symbol);
    if (decimal(quantity).isZero()) continue;
    const last = await lastStatus(client, workflowId);
    if (last === 'RUNNING') continue;
    await ensureProtection(client, account, symbol);
    started.push({ workflowId, overdue: openedAt < now - PROTECTED_WITHIN_MS || cutShort.includes(last) });
  }
  return started;
}
