import type { Configuration } from '../../contracts/config/schema.ts';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import { consensusRules } from '../../contracts/participation.ts';
import { formConsensus } from '../../domain/consensus/consensus.ts';
import type { ParticipationPolicy } from '../../domain/consensus/participation.ts';
import { noRecord } from '../../domain/scoring/belief.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { Journal } from '../../stores/journal/port.ts';

export type PolicyBooks = Pick<Journal, 'participation' | 'policy' | 'scores'>;

/** Whose decisions they are, and whether each agent is taken at its word in them. */
export type PolicyScope = Pick<Configuration, 'account' | 'demo'>;

/**
 * Who takes part in the account's decisions from now on, with what their scores have earned them and what their expected returns are believed,
 * and under which rules.
 */
export async function policyInForce(
  journal: PolicyBooks,
  { account, demo }: PolicyScope,
): Promise<ParticipationPolicy> {
  const [participation, { version, settings }, scores] = await Promise.all([
    journal.participation.read(),
    journal.policy.read(account),
    journal.scores.read(account),
  ]);
  const known = new Map(scores.map((score) => [score.agentId, score]));
  const earnedBy = (agentId: AgentId) => ({
    trust: known.get(agentId)?.trust ?? 1,
    ...(demo ? {} : { calibration: known.get(agentId)?.belief ?? noRecord }),
  });
  return {
    // Both only grow, so that their sum does with each change of either.
    version: participation.version + version,
    agents: Object.fromEntries(
      Object.entries(participation.agents).map(([id, seat]) => [id, { ...seat, ...earnedBy(id) }]),
    ),
    ...consensusRules(settings),
  };
}

/**
 * The consensus of a cycle, formed once under the policy in the journal: whoever asks, and however often, the one that was journalled first
 * is the answer.
 */
export async function consensusOfCycle(
  journal: PolicyBooks & Pick<Journal, 'cycles'>,
  scope: PolicyScope,
  request: ConsensusRequest,
  by: { formedBy: Consensus['formedBy']; formedAt: number },
): Promise<Consensus> {
  const formed = await journal.cycles.findConsensus(request.cycleId);
  if (formed) return formed;
  // A cycle brings the policy that it began under, so that a change shows at the next one, never half in this one.
  const policy = request.policy ?? (await policyInForce(journal, scope));
  return journal.cycles.saveConsensus({ ...formConsensus(request, policy), policy, ...by });
}
