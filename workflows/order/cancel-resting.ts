import { getExternalWorkflowHandle, patched } from '@temporalio/workflow';
import { orderWorkflowId } from '../../contracts/workflow-ids.ts';
import type { LegId } from '../../domain/orders/ids.ts';

/**
 * Cancels the sales of ours that rest for a better price in the way of one which has to be filled now, each once: whoever follows the order cancels
 * it at the exchange, and what it had reserved is free for the next look.
 *
 * @param cancelled what was cancelled before, to which these are added
 */
export async function cancelResting(legIds: readonly LegId[], cancelled: Set<LegId>): Promise<void> {
  const found = legIds.filter((legId) => !cancelled.has(legId));
  if (found.length === 0 || !patched('exit-cancels-resting')) return;
  for (const legId of found) {
    cancelled.add(legId);
    // An order that nobody follows any more is reconciliation's.
    await getExternalWorkflowHandle(orderWorkflowId(legId))
      .cancel()
      .catch(() => undefined);
  }
}
