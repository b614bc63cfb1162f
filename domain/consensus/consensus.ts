import type { CycleId } from '../orders/ids.ts';
import { type AgentId, inOrder, isMissionAgent, standsBy } from '../signals/agents.ts';
import type { AgentAnswer, Opinion, Signal } from '../signals/signals.ts';
import { type Participant, type ParticipationPolicy, type Pool, votingWeight } from './participation.ts';
import { mostProbable, type PooledView, pool } from './pooling.ts';
import { votingShares } from './shares.ts';

/** Names and versions of the rules; a change of what one computes takes a new version, so that an old decision stays explainable. */
const methods: Record<Pool, string> = { linear: 'linear-pool/1', log: 'log-pool/1' };

/** `baseline` stands by as soon as this many mission agents have given a signal that counts. */
export const MISSION_SIGNALS_WITHOUT_BASELINE = 2;

/** Sums of shares differ by less than this only because of their binary fractions. */
const ROUNDING = 1e-12;

export interface ConsensusQuestion {
  cycleId: CycleId;
  symbols: readonly string[];
  answers: readonly AgentAnswer[];
  /** The exchange's clock at the snapshot. */
  takenAt: number;
  /** The horizon that the agents were asked for: views over another one cannot be pooled with theirs. */
  horizonMs: number;
}

export interface Vote {
  agentId: AgentId;
  /** Share of the voting weight after all caps; all counted votes add up to 1. */
  weight: number;
  counted: boolean;
  note: string;
}

export interface Quorum {
  met: boolean;
  count: number;
  countNeeded: number;
  weight: number;
  weightNeeded: number;
  /** Required groups of which no signal counted. */
  missingGroups: string[];
}

export interface SymbolView extends PooledView {
  symbol: string;
  votes: Vote[];
  quorum: Quorum;
  /** Guards that forbade to buy what the pool would have bought. */
  vetoedBy: AgentId[];
}

export interface ConsensusView {
  cycleId: CycleId;
  policyVersion: number;
  method: string;
  symbols: SymbolView[];
}

/**
 * What the agents together hold of each symbol. Pure: the same question under the same policy gives the same view, whatever the order in
 * which different agents' answers came.
 */
export function formConsensus(question: ConsensusQuestion, policy: ParticipationPolicy): ConsensusView {
  return {
    cycleId: question.cycleId,
    policyVersion: policy.version,
    method: methods[policy.pool],
    symbols: [...new Set(question.symbols)].map((symbol) => viewOn(symbol, question, policy)),
  };
}

function viewOn(symbol: string, question: ConsensusQuestion, policy: ParticipationPolicy): SymbolView {
  const ballots = inOrder(Object.keys(policy.agents))
    .sort()
    .map((agentId) => ballotOf(agentId, symbol, question, policy));
  const countedInMission = ballots.filter(({ agentId, signal }) => signal && isMissionAgent(agentId)).length;
  const settled = ballots.map((ballot) => settleBaseline(ballot, countedInMission));

  const claims = settled.flatMap(({ agentId, signal, participant }) =>
    signal && participant
      ? { agentId, weight: votingWeight(participant, policy), cap: participant.cap, group: participant.group }
      : [],
  );
  const shares = votingShares(claims, policy.maxGroupShare);
  const counted = settled.flatMap(({ agentId, signal }) =>
    signal ? { signal, weight: shares.get(agentId) ?? 0 } : [],
  );
  const quorum = quorumOf(claims, countedInMission < MISSION_SIGNALS_WITHOUT_BASELINE, policy);
  const pooled = pool(counted, quorum.met, policy);
  const vetoedBy =
    pooled.direction === 'up' ? settled.filter(({ vetoes }) => vetoes).map(({ agentId }) => agentId) : [];
  return {
    symbol,
    ...pooled,
    direction: vetoedBy.length > 0 ? 'none' : pooled.direction,
    votes: settled.map(({ agentId, signal, note }) => ({
      agentId,
      weight: shares.get(agentId) ?? 0,
      counted: signal !== undefined,
      note,
    })),
    quorum,
    vetoedBy,
  };
}

interface Ballot {
  agentId: AgentId;
  participant?: Participant;
  /** Undefined when nothing of this agent counts; the note says why. */
  signal?: Signal;
  vetoes?: boolean;
  note: string;
}

function ballotOf(agentId: AgentId, symbol: string, question: ConsensusQuestion, policy: ParticipationPolicy): Ballot {
  const participant = policy.agents[agentId];
  if (!participant?.enabled) return { agentId, note: 'disabled' };
  const { role } = participant;
  if (role === 'voter' && !(votingWeight(participant, policy) > 0)) return { agentId, note: 'weight 0' };
  if (role === 'voter' && !(participant.cap > 0)) return { agentId, note: 'cap 0' };
  const { signal, note } = signalOf(agentId, symbol, question);
  if (!signal || role === 'voter') return { agentId, participant, note, ...(signal ? { signal } : {}) };
  if (role === 'shadow') return { agentId, note: 'shadow: scored, not counted' };
  const vetoes = mostProbable(signal.probabilities) === 'down' && signal.conviction >= policy.vetoConviction;
  return { agentId, vetoes, note: vetoes ? 'guard: forbids to buy' : 'guard: does not vote' };
}

/** The agent's signal, or why it has none that is valid for this question. */
function signalOf(
  agentId: AgentId,
  symbol: string,
  { answers, takenAt, horizonMs }: ConsensusQuestion,
): { signal?: Signal; note: string } {
  const opinions: Opinion[] = answers
    .filter((answer) => answer.agentId === agentId)
    .flatMap((answer) => answer.opinions.filter((opinion) => opinion.symbol === symbol));
  const [opinion] = opinions;
  if (!opinion) return { note: 'no answer' };
  if (opinion.agentId !== agentId) return { note: `signed by ${opinion.agentId}` };
  if (opinion.kind === 'abstention') return { note: `abstained: ${opinion.reason}` };
  if (opinion.horizonMs !== horizonMs) return { note: `horizon ${opinion.horizonMs} ms, asked for ${horizonMs} ms` };
  if (opinion.validUntilAt <= takenAt) return { note: `expired ${takenAt - opinion.validUntilAt} ms before` };
  return { signal: opinion, note: opinions.length > 1 ? 'the first of several answers' : '' };
}

/** Principle: the baseline keeps a machine without keys trading; it never outvotes agents that were chosen. */
function settleBaseline(ballot: Ballot, countedInMission: number): Ballot {
  if (!standsBy(ballot.agentId) || !ballot.signal) return ballot;
  if (countedInMission >= MISSION_SIGNALS_WITHOUT_BASELINE) {
    return { agentId: ballot.agentId, note: `stands by: ${countedInMission} mission agents gave a signal` };
  }
  const reason = `counts because only ${countedInMission} of the six mission agents gave a signal`;
  return { ...ballot, note: ballot.note ? `${ballot.note}; ${reason}` : reason };
}

/**
 * The weight that is asked for is a share of the enabled weight: an agent that could have voted and did not counts against it. A baseline that
 * stands by could not have voted.
 */
function quorumOf(
  claims: readonly { weight: number; group: string }[],
  baselineNeeded: boolean,
  policy: ParticipationPolicy,
): Quorum {
  const able = Object.entries(policy.agents).filter(([id]) => baselineNeeded || !standsBy(id));
  const enabledWeight = able.reduce((total, [, participant]) => total + votingWeight(participant, policy), 0);
  const votedWeight = claims.reduce((total, { weight }) => total + weight, 0);
  const weight = enabledWeight > 0 ? votedWeight / enabledWeight : 0;
  const { quorumCount: countNeeded, quorumWeight: weightNeeded } = policy;
  const count = claims.length;
  const missingGroups = policy.requiredGroups.filter((group) => !claims.some((claim) => claim.group === group));
  const met = count > 0 && count >= countNeeded && weight > weightNeeded - ROUNDING && missingGroups.length === 0;
  return { met, count, countNeeded, weight, weightNeeded, missingGroups };
}
