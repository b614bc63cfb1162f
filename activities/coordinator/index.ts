import { ApplicationFailure } from '@temporalio/common';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import { createBreaker } from '../../runtime/telemetry/breaker.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { createCoordinatorClient } from '../../trading/decide/coordinator-client.ts';

export interface CoordinatorActivities {
  /**
   * Has the MCP coordinator form the consensus of a cycle. Idempotent by cycle id, so it may be retried.
   *
   * @throws ApplicationFailure CoordinatorRefused, not retryable, when the coordinator refuses the input or the token
   * @throws Error, retryable, when it cannot be reached, answers amiss, or the breaker around it is open
   */
  formConsensus(request: ConsensusRequest, correlationId: string): Promise<Consensus>;
  close(): Promise<void>;
}

export function createCoordinatorActivities(dependencies: {
  url: string;
  token: string;
  logger: Logger;
}): CoordinatorActivities {
  const { url, token, logger } = dependencies;
  const client = createCoordinatorClient({ url, token });
  const breaker = createBreaker('cycles', 'mcp-coordinator', (error) => !isRefusal(error));

  return {
    async formConsensus(request, correlationId) {
      try {
        const stop = metrics.consensusDuration.startTimer({ by: 'coordinator' });
        const consensus = await breaker.execute(() => client.formConsensus(request, correlationId));
        stop();
        return consensus;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        logger.warn({ correlationId, cycleId: request.cycleId, reason: message }, 'no consensus from the coordinator');
        if (isRefusal(error)) throw ApplicationFailure.nonRetryable(message, ErrorName.coordinatorRefused);
        throw error;
      }
    },
    close: () => client.close(),
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof UserError && error.code === ErrorName.coordinatorRefused;
}
