import type { Client } from '@temporalio/client';
import type { TradingControlState } from '../../contracts/control.ts';
import type { ProtectionState } from '../../contracts/protection.ts';
import { plainText } from '../../contracts/text.ts';
import { protectWorkflowId, TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';

/** A workflow that guards money. One that runs and does not answer guards nothing. */
export interface Guard {
  workflowId: string;
  /** Missing for the latch of the emergency stop. */
  symbol?: string;
  answers: boolean;
  /** Why it does not answer, or what it could not do. */
  detail: string;
  /** Of a holding, as its exits have it. */
  exits?: ProtectionState;
  /** Of the books that the latch keeps; missing before it has read them. */
  journalId?: string;
}

const TIMEOUT_MS = 2_500;

/**
 * Asks the latch and the exits of every holding that have a workflow, all at once and for no longer than some seconds.
 *
 * @param moreMs how much longer, where Temporal is known to be slow
 */
export async function askGuards(client: Client, account: string, moreMs = 0): Promise<Guard[]> {
  const deadline = () => Date.now() + TIMEOUT_MS + moreMs;
  const prefix = protectWorkflowId(account, '');
  const exits: string[] = [];
  const query = "WorkflowType = 'protectPosition' AND ExecutionStatus = 'Running'";
  await client.withDeadline(deadline(), async () => {
    for await (const { workflowId } of client.workflow.list({ query }))
      if (workflowId.startsWith(prefix)) exits.push(workflowId);
  });

  const ask = async (
    workflowId: string,
    question: string,
    said: (state: unknown) => Pick<Guard, 'detail' | 'exits' | 'journalId'>,
  ): Promise<Guard> => {
    try {
      const state = await client.withDeadline(deadline(), () => client.workflow.getHandle(workflowId).query(question));
      return { workflowId, answers: true, ...said(state) };
    } catch (error) {
      return { workflowId, answers: false, detail: plainText(error instanceof Error ? error.message : error, 200) };
    }
  };
  return Promise.all([
    ask(TRADING_CONTROL_ID, 'state', (state) => {
      const { trouble, journalId } = state as TradingControlState;
      return { detail: trouble.join('; '), ...(journalId === undefined ? {} : { journalId }) };
    }),
    ...exits.sort().map(async (workflowId) => ({
      symbol: workflowId.slice(prefix.length),
      ...(await ask(workflowId, 'protection', (state) => ({ detail: '', exits: state as ProtectionState }))),
    })),
  ]);
}
