import type { Logger } from 'pino';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { consensusOfCycle, type PolicyBooks } from '../../trading/decide/consensus.ts';

export type OwnConsensusActivities = ReturnType<typeof createOwnConsensusActivities>;

export function createOwnConsensusActivities({
  journal,
  account,
  logger,
}: {
  journal: PolicyBooks & Pick<Journal, 'cycles'>;
  account: string;
  logger: Logger;
}) {
  return {
    /**
     * The same consensus by the same rule and policy, formed here because the coordinator could not be asked. Idempotent by cycle id: one that
     * the coordinator has formed is the answer.
     */
    async formOwnConsensus(request: ConsensusRequest): Promise<Consensus> {
      logger.warn({ correlationId: request.cycleId }, 'the cycle forms its consensus without the coordinator');
      const stop = metrics.consensusDuration.startTimer({ by: 'cycle' });
      const consensus = await consensusOfCycle(journal, account, request, { formedBy: 'cycle', formedAt: Date.now() });
      stop();
      return consensus;
    },
  };
}
