import type { AgentId } from '../../domain/signals/agents.ts';
import { abstain } from '../../domain/signals/signals.ts';
import { outcomeProbabilities } from '../../domain/statistics/statistics.ts';
import type { Agent } from '../../trading/agents/port.ts';

/** A view for every symbol, with the words for it where the test is about those, or a reason to abstain. */
export type ScriptedView = { expectedReturn: number; rationale?: string; evidence?: string[] } | { abstain: string };

/** A stand-in for an agent that says what the test wants said, by the agents' own contract. */
export function scriptedAgent(id: AgentId, view: () => ScriptedView): Agent {
  return {
    id,
    async answer({ snapshot, horizonMs, others }) {
      const said = view();
      const symbols = snapshot.symbols.map(({ instrument }) => instrument.symbol);
      return {
        agentId: id,
        opinions:
          'abstain' in said
            ? abstain(id, symbols, 'not_configured', said.abstain)
            : symbols.map((symbol) => ({
                kind: 'signal' as const,
                agentId: id,
                symbol,
                probabilities: outcomeProbabilities(said.expectedReturn, 0.01),
                expectedReturn: said.expectedReturn,
                uncertainty: 0.01,
                conviction: 0.8,
                horizonMs,
                validUntilAt: snapshot.takenAt + horizonMs,
                rationale: others
                  ? `heard ${others.map(({ agentId }) => agentId).join(', ')}`
                  : (said.rationale ?? 'scripted by the test'),
                evidence: said.evidence ?? [],
              })),
        model: 'scripted',
        version: '1',
        latencyMs: 0,
        tokens: 0,
        costUsd: '0',
      };
    },
  };
}
