import { type ConsensusQuestion, formConsensus, type SymbolView } from '../../../domain/consensus/consensus.ts';
import {
  defaultParticipation,
  type Participant,
  type ParticipationPolicy,
  perAgent,
} from '../../../domain/consensus/participation.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import type { Abstention, AgentAnswer, Opinion, Signal } from '../../../domain/signals/signals.ts';

/* What agents say, and under which policy it is taken, as the tests of consensus need it: one symbol, everything else at rest. */

export const SYMBOL = 'BTC/USDT';
export const TAKEN_AT = 1_800_000_000_000;
export const HORIZON_MS = 3_600_000;

type Probabilities = Signal['probabilities'];
export const UP: Probabilities = { up: 1, flat: 0, down: 0 };
export const FLAT: Probabilities = { up: 0, flat: 1, down: 0 };
export const DOWN: Probabilities = { up: 0, flat: 0, down: 1 };

export function signal(agentId: AgentId, changes: Partial<Signal> = {}): Signal {
  return {
    kind: 'signal',
    agentId,
    symbol: SYMBOL,
    probabilities: UP,
    expectedReturn: 0.001,
    uncertainty: 0.01,
    conviction: 1,
    horizonMs: HORIZON_MS,
    validUntilAt: TAKEN_AT + HORIZON_MS,
    rationale: '',
    evidence: [],
    ...changes,
  };
}

export function abstention(agentId: AgentId): Abstention {
  return { kind: 'abstention', agentId, symbol: SYMBOL, reason: 'no_key', detail: '' };
}

export function answer(agentId: AgentId, ...opinions: Opinion[]): AgentAnswer {
  return { agentId, opinions, model: 'm', version: '1', latencyMs: 1, tokens: 0, costUsd: '0' };
}

export const give = (agentId: AgentId, changes: Partial<Signal> = {}) => answer(agentId, signal(agentId, changes));

export function policy(
  weights: Partial<Record<AgentId, number>> = {},
  changes: Partial<Omit<ParticipationPolicy, 'agents'>> = {},
): ParticipationPolicy {
  const agents = perAgent((id) => ({ ...defaultParticipation(id), weight: weights[id] ?? 1, trust: 1 }));
  return {
    version: 3,
    agents,
    quorumCount: 1,
    quorumWeight: 0,
    maxGroupShare: 1,
    pool: 'linear',
    minConviction: 0,
    requiredGroups: [],
    vetoConviction: 0.5,
    earnedTrust: true,
    ...changes,
  };
}

export function changed(terms: ParticipationPolicy, id: AgentId, changes: Partial<Participant>): ParticipationPolicy {
  const { [id]: before } = terms.agents;
  if (!before) throw new Error(`nobody is called ${id}`);
  return { ...terms, agents: { ...terms.agents, [id]: { ...before, ...changes } } };
}

export function question(answers: AgentAnswer[]): ConsensusQuestion {
  return { cycleId: tagged('cycle-1'), symbols: [SYMBOL], answers, takenAt: TAKEN_AT, horizonMs: HORIZON_MS };
}

export function view(answers: AgentAnswer[], terms: ParticipationPolicy = policy()): SymbolView {
  const [first] = formConsensus(question(answers), terms).symbols;
  if (!first) throw new Error('no view');
  return first;
}

export function vote(consensus: SymbolView, agentId: AgentId) {
  return consensus.votes.find((each) => each.agentId === agentId);
}

export const chance = (up: number) => ({ probabilities: { up, flat: 0, down: 1 - up } });

/** All but the votes' notes: what a decision rests on. */
export function essence({ votes, ...rest }: SymbolView) {
  return { ...rest, votes: votes.filter(({ counted }) => counted) };
}
