import { Context } from '@temporalio/activity';
import type { SnapshotRequest } from '../../contracts/cycle-steps.ts';
import type { CycleSnapshot } from '../../domain/market/snapshot.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { type SnapshotTools, takeSnapshot } from '../../trading/decide/snapshot.ts';
import { beating } from '../heartbeat.ts';

export type MarketActivities = ReturnType<typeof createMarketActivities>;

export function createMarketActivities(tools: SnapshotTools) {
  return beating({
    /** One consistent view for all agents of a cycle, of what is traded and can be read. */
    async takeSnapshot(request: SnapshotRequest): Promise<CycleSnapshot> {
      const { workflowId } = Context.current().info.workflowExecution ?? {};
      return takeSnapshot(tools, request, tagged(workflowId ?? request.correlationId));
    },
  });
}
