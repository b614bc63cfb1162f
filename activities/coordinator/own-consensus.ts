import type { Logger } from 'pino';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { consensusOfCycle, type PolicyBooks, type PolicyScope } from '../../trading/decide/consensus.ts';

export type OwnConsensusActivities = ReturnType<typeof createOwnConsensusActivities>;

export function createOwnConsensusActivities({
  journal,
  configuration,
  logger,
}: {
  journal: PolicyBooks & Pick<Journal, 'cycles'>;
  configuration: PolicyScope;
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
      const by = { formedBy: 'cycle', formedAt: Date.now() } as const;
      const consensus = await consensusOfCycle(journal, configuration, request, by);
      stop();
      return consensus;
    },
  };
}
