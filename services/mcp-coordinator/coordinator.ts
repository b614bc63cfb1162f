import type { Consensus, ConsensusRequest, Participation, ParticipationRequest } from '../../contracts/consensus.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { ErrorName, ExitCode, UserError } from '../../contracts/errors.ts';
import { agentGroups, agentIds } from '../../domain/agents.ts';
import type { ConsensusRules } from '../../domain/participation.ts';
import { consensusOfCycle } from '../../stores/journal/consensus.ts';
import type { Journal, ParticipationChange } from '../../stores/journal/port.ts';

export type CoordinatorJournal = Pick<Journal, 'participation' | 'cycles' | 'check'>;

export interface Coordinator {
  /** Repeat-safe by cycle id: whatever a repeated or concurrent call brings, the consensus that was journalled first is the answer. */
  formConsensus(request: ConsensusRequest): Promise<Consensus>;
  readConsensus(cycleId: string): Promise<Consensus>;
  listParticipation(): Promise<Participation>;
  /** Repeat-safe by request id; takes effect at the next consensus that is formed. */
  setParticipation(request: ParticipationRequest): Promise<ParticipationChange>;
  explainDecision(cycleId: string): Promise<CycleRecord>;
}

/** What the coordinator does, without the protocol that it is spoken to in. A refusal is a UserError of code CoordinatorRefused. */
export function createCoordinator(journal: CoordinatorJournal, rules: ConsensusRules, now = Date.now): Coordinator {
  return {
    async formConsensus(request) {
      return consensusOfCycle(journal, rules, request, { formedBy: 'coordinator', formedAt: now() });
    },

    async readConsensus(cycleId) {
      const consensus = await journal.cycles.findConsensus(cycleId);
      if (!consensus) throw refusal(`No consensus was formed for the cycle ${cycleId}.`);
      return consensus;
    },

    async listParticipation() {
      const { version, agents } = await journal.participation.read();
      const listed = agentIds.map((agentId) => ({ agentId, group: agentGroups[agentId], ...agents[agentId] }));
      return { version, agents: listed, ...rules };
    },

    async setParticipation({ enabled, weight, ...request }) {
      const change = await journal.participation.change({
        ...request,
        ...(enabled === undefined ? {} : { enabled }),
        ...(weight === undefined ? {} : { weight }),
      });
      const same =
        change.agentId === request.agentId &&
        (enabled === undefined || change.after.enabled === enabled) &&
        (weight === undefined || change.after.weight === weight);
      if (!same) {
        throw refusal(`The request id ${request.requestId} stands for another change already; use a new one.`);
      }
      return change;
    },

    async explainDecision(cycleId) {
      const record = await journal.cycles.find(cycleId);
      if (!record)
        throw refusal(`There is no decision record of the cycle ${cycleId}; it is written when a cycle ends.`);
      return record;
    },
  };
}

function refusal(message: string): UserError {
  return new UserError(ErrorName.coordinatorRefused, message, ExitCode.refused);
}
