import type { OpenOrder } from '../../contracts/control.ts';
import { LEG_PREFIX } from '../../contracts/leg-ids.ts';
import { orderWorkflowId } from '../../contracts/workflow-ids.ts';
import { isTerminal } from '../../domain/orders/orders.ts';
import { nextSubmission } from '../../domain/orders/submissions.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort, VenueOrder } from '../../venues/port.ts';
import type { Clock } from '../clock.ts';
import { settleIntent } from '../execute/settle.ts';
import { type Runs, startMissingOrder } from './missing.ts';

export interface AdoptTools {
  journal: Pick<Journal, 'intents'>;
  trading: TradingPort;
  runs: Runs;
  clock: Clock;
}

/** What became of the exchange's open orders. */
export interface Owners {
  /** Of nobody of ours, in words. */
  foreign: string[];
  cancelled: OpenOrder[];
  /** Of those that were cancelled, in words. */
  differences: string[];
}

/**
 * Every open order has an owner: its intent. One with our prefix and without an intent, or whose intent is at its end, is cancelled; one
 * without our prefix is not ours to touch.
 */
export async function checkOwners(
  { journal, trading }: Pick<AdoptTools, 'journal' | 'trading'>,
  orders: readonly VenueOrder[],
): Promise<Owners> {
  const owners: Owners = { foreign: [], cancelled: [], differences: [] };
  for (const { symbol, intentId } of orders) {
    if (!intentId.startsWith(LEG_PREFIX)) {
      owners.foreign.push(`order ${intentId} on ${symbol} is not ours`);
      continue;
    }
    const intent = await journal.intents.find(intentId);
    if (intent && !isTerminal(intent.state)) continue;
    // It may have come to its end since the exchange's list was read.
    const now = await trading.findOrder(symbol, intentId);
    if (!now || isTerminal(now.state)) continue;
    await trading.cancel(symbol, intentId);
    owners.cancelled.push({ symbol, intentId });
    const why = intent ? `though the books say ${intent.state}` : 'without an intent';
    owners.differences.push(`order ${intentId} on ${symbol} was open ${why}`);
  }
  return owners;
}

/** The workflow that this look started, if it started one, and whether the submission had nobody who followed it. */
export interface Adoption {
  intentId: string;
  adopted: boolean;
  started?: string;
}

/** A submission that nobody follows is settled here, and what its leg still has to do goes back to an order workflow. */
export async function adopt(tools: AdoptTools, intent: Intent): Promise<Adoption> {
  const { journal, trading, runs } = tools;
  const { intentId, legId, account, symbol } = intent;
  const workflowId = orderWorkflowId(legId);
  if ((await runs.state(workflowId)) === 'running') return { intentId, adopted: false };

  const settled = await endIfOverdue(tools, await settleIntent(journal, trading, intent));
  // The leg as it was planned; an intent carries the terms of its own submission.
  const leg = await journal.intents.planExit({ legId, account, symbol }, () => undefined);
  const past = await journal.intents.ofLeg(legId);
  // An order workflow begins with the first submission: a later one that still works is followed here, look by look.
  const resumable = isTerminal(settled.state)
    ? leg !== undefined && nextSubmission(leg, past) !== undefined
    : past.length === 1;
  const started = leg !== undefined && resumable && (await startMissingOrder(runs, leg));
  return { intentId, adopted: true, ...(started ? { started: workflowId } : {}) };
}

async function endIfOverdue({ journal, trading, clock }: AdoptTools, intent: Intent): Promise<Intent> {
  const rests = intent.state === 'accepted' || intent.state === 'partially_filled' || intent.state === 'pending_cancel';
  if (!rests || clock.now() < intent.createdAt + intent.restMs) return intent;
  await trading.cancel(intent.symbol, intent.intentId);
  return settleIntent(journal, trading, intent);
}
