import type { Logger } from 'pino';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import type { ConsensusRules } from '../../domain/participation.ts';
import { consensusOfCycle } from '../../stores/journal/consensus.ts';
import type { Journal } from '../../stores/journal/port.ts';

export type OwnConsensusActivities = ReturnType<typeof createOwnConsensusActivities>;

export function createOwnConsensusActivities({
  journal,
  rules,
  logger,
}: {
  journal: Pick<Journal, 'participation' | 'cycles'>;
  rules: ConsensusRules;
  logger: Logger;
}) {
  return {
    /**
     * The same consensus by the same rule and policy, formed here because the coordinator could not be asked. Idempotent by cycle id: one that
     * the coordinator has formed is the answer.
     */
    async formOwnConsensus(request: ConsensusRequest): Promise<Consensus> {
      logger.warn({ correlationId: request.cycleId }, 'the cycle forms its consensus without the coordinator');
      return consensusOfCycle(journal, rules, request, { formedBy: 'cycle', formedAt: Date.now() });
    },
  };
}
