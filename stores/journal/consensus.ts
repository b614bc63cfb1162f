import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import { formConsensus } from '../../domain/consensus.ts';
import type { ConsensusRules } from '../../domain/participation.ts';
import type { Journal } from './port.ts';

/**
 * The consensus of a cycle, formed once under the policy in the journal: whoever asks, and however often, the one that was journalled first
 * is the answer.
 */
export async function consensusOfCycle(
  journal: Pick<Journal, 'participation' | 'cycles'>,
  rules: ConsensusRules,
  request: ConsensusRequest,
  by: { formedBy: Consensus['formedBy']; formedAt: number },
): Promise<Consensus> {
  const formed = await journal.cycles.findConsensus(request.cycleId);
  if (formed) return formed;
  // The policy is read once, here: a change that commits later shows at the next consensus, never half in this one.
  const participation = await journal.participation.read();
  return journal.cycles.saveConsensus({ ...formConsensus(request, { ...participation, ...rules }), ...by });
}
