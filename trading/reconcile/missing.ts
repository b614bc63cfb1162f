import { flattenWorkflowId, orderWorkflowId, planWorkflowId, protectWorkflowId } from '../../contracts/workflow-ids.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { isHeld } from '../../domain/portfolio/holding.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { ownHoldings } from '../execute/held.ts';

/*
 * What runs is lost by hand alone (terminated, reset, another server). What the journal says is under way runs again after this.
 */

/** `cut_short`: it came to an end that it does not come to by itself. */
export type RunState = 'running' | 'cut_short' | 'ended';

export interface MissingRun {
  workflowId: string;
  account: string;
  /** Of what belongs to a cycle. */
  cycleId?: string;
  symbols?: string[];
  summary: string;
  args: unknown[];
}

/** A cycle that came to an end that it does not come to by itself. Times are UTC epoch milliseconds. */
export interface CutCycle {
  cycleId: CycleId;
  runId: string;
  /** As it was started for, by the schedule or a command; undefined where it was by other means. */
  account: string | undefined;
  startedAt: number;
  endedAt: number;
  /** In the server's word, such as `timed_out`. */
  end: string;
}

/** What runs beside the books and outlives each process. */
export interface Runs {
  /** Of the newest run; undefined where there never was one. */
  state(workflowId: string): Promise<RunState | undefined>;
  /** False where it runs, or came to its own end: it is not started again. */
  start(workflowType: 'executeOrder' | 'executePlan' | 'flatten', run: MissingRun): Promise<boolean>;
  /** Of those that ended since, newest first, at most a hundred. UTC epoch milliseconds. */
  cutCycles(since: number): Promise<CutCycle[]>;
  /** Sees to it that a holding has its exits, whatever became of the last ones. */
  protect(account: string, symbol: string): Promise<void>;
}

export function startMissingOrder(runs: Runs, leg: OrderLeg): Promise<boolean> {
  const { account, cycleId, legId, symbol, side, quantity, purpose } = leg;
  return runs.start('executeOrder', {
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
  { journal, runs }: { journal: Pick<Journal, 'cycles'>; runs: Runs },
  account: string,
  onLegFailure: 'flatten' | 'hold',
  now: number,
): Promise<string[]> {
  const started: string[] = [];
  for (const { cycleId, legs } of await journal.cycles.unsettledPlans(account, now - PLAN_AGE_MS)) {
    const workflowId = planWorkflowId(cycleId);
    if ((await runs.state(workflowId)) === 'running') continue;
    const input: Pick<OrderPlan, 'cycleId' | 'legs'> & { onLegFailure: 'flatten' | 'hold' } = {
      cycleId,
      legs,
      onLegFailure,
    };
    const run = {
      workflowId,
      account,
      cycleId,
      symbols: legs.map(({ symbol }) => symbol),
      summary: `plan of ${legs.length} legs (${account}), found without a workflow`,
      args: [input],
    };
    if (await runs.start('executePlan', run)) started.push(workflowId);
  }
  return started;
}

/** A selling of the halt in force that was ended by force goes on: nobody else would sell what it had not sold. */
export async function startMissingFlatten(
  { journal, runs }: { journal: Pick<Journal, 'control'>; runs: Runs },
  account: string,
): Promise<string[]> {
  const { tradingState, epoch } = await journal.control.read(account);
  if (tradingState !== 'halted') return [];
  const workflowId = flattenWorkflowId(account, epoch);
  if ((await runs.state(workflowId)) !== 'cut_short') return [];
  const summary = `sells everything that ${account} holds, found without a workflow`;
  const run = { workflowId, account, summary, args: [account, epoch] };
  return (await runs.start('flatten', run)) ? [workflowId] : [];
}

/** A holding of this age has its exits, or lacks them. */
export const PROTECTED_WITHIN_MS = 30_000;

/** Exits that were started, and whether they should have run by then: those of a new holding are started by whoever sees it first. */
export interface StartedExits {
  workflowId: string;
  overdue: boolean;
}

/** What somebody asked for of a holding is done where exits are not configured, too, or where what is held was paid in. */
export async function startMissingByHand(
  { journal, runs }: { journal: Pick<Journal, 'ledger' | 'byHand'>; runs: Runs },
  account: string,
): Promise<string[]> {
  const asked = await journal.byHand.exits(account);
  if (asked.length === 0) return [];
  const started: string[] = [];
  for (const { symbol, openedAt, quantity } of await journal.ledger.positions(account)) {
    const isAsked = asked.some((one) => one.symbol === symbol && one.openedAt === openedAt);
    const workflowId = protectWorkflowId(account, symbol);
    if (!isAsked || !isHeld({ quantity }) || (await runs.state(workflowId)) === 'running') continue;
    await runs.protect(account, symbol);
    started.push(workflowId);
  }
  return started;
}

export async function startMissingProtection(
  { journal, runs }: { journal: Pick<Journal, 'ledger'>; runs: Runs },
  account: string,
  configured: readonly string[],
  now: number,
): Promise<StartedExits[]> {
  const started: StartedExits[] = [];
  for (const { symbol, openedAt } of await ownHoldings(journal, account, configured)) {
    const workflowId = protectWorkflowId(account, symbol);
    const last = await runs.state(workflowId);
    if (last === 'running') continue;
    await runs.protect(account, symbol);
    started.push({ workflowId, overdue: openedAt < now - PROTECTED_WITHIN_MS || last === 'cut_short' });
  }
  return started;
}
