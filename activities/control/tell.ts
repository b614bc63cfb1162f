import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { orderWorkflowId } from '../../contracts/workflow-ids.ts';
import type { Journal } from '../../stores/journal/port.ts';

const TELL_TIMEOUT_MS = 2_000;

/** Tells running cycles and orders of a halt. Their list may lag; the fence in the journal does not. */
export async function tellHalt(
  { client, journal }: { client: Client; journal: Pick<Journal, 'intents'> },
  account: string,
  halt: { epoch: number; reason: string },
): Promise<void> {
  const cycles = async (): Promise<string[]> => {
    const query = "WorkflowType = 'tradingCycle' AND ExecutionStatus = 'Running'";
    const found: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
    return found;
  };
  const orders = async (): Promise<string[]> =>
    (await journal.intents.listOpen(account)).map(({ legId }) => orderWorkflowId(legId));
  await client.withDeadline(Date.now() + TELL_TIMEOUT_MS, async () => {
    const lists = await Promise.allSettled([cycles(), orders()]);
    const targets = new Set(lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : [])));
    const told = await Promise.allSettled(
      [...targets].map((workflowId) => client.workflow.getHandle(workflowId).signal('halt', halt)),
    );
    const failed = [...lists, ...told].find(
      (end) => end.status === 'rejected' && !(end.reason instanceof WorkflowNotFoundError),
    );
    if (failed?.status === 'rejected') throw failed.reason;
  });
}
