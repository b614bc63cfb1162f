import type { CycleId } from '../orders/ids.ts';
import { type AgentId, inOrder, standsBy } from '../signals/agents.ts';
import type { AgentAnswer } from '../signals/signals.ts';
import {
  type Ballot,
  ballotOf,
  MISSION_SIGNALS_WITHOUT_BASELINE,
  missionSignals,
  settleBaseline,
  type Version,
  versions,
} from './ballots.ts';
import { type ParticipationPolicy, votingWeight } from './participation.ts';
import { type PooledView, pool, type Voice } from './pooling.ts';
import { votingShares } from './shares.ts';

/** Sums of shares differ by less than this only because of their binary fractions. */
const ROUNDING = 1e-12;

export interface ConsensusQuestion {
  cycleId: CycleId;
  symbols: readonly string[];
  answers: readonly AgentAnswer[];
  /** The exchange's clock at the snapshot. */
  takenAt: number;
  /** The horizon that the agents were asked for, and over which the consensus is. */
  horizonMs: number;
}

export interface Vote {
  agentId: AgentId;
  /** Part of the view: its share of the voting weight after all caps, times its conviction; all counted votes add up to 1. */
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
  horizonMs: number;
  symbols: SymbolView[];
}

/** The version of the rule by which a recorded consensus was formed. A change of what the rule computes takes a new one, so that an old decision stays explainable. */
export function versionOf(method: string): Version {
  return versions.find((version) => method.endsWith(`/${version}`)) ?? 2;
}

/**
 * What the agents together hold of each symbol. Pure: the same question under the same policy gives the same view, whatever the order in
 * which different agents' answers came.
 *
 * @param version of the rule, where a record names an earlier one
 */
export function formConsensus(
  question: ConsensusQuestion,
  policy: ParticipationPolicy,
  version: Version = 2,
): ConsensusView {
  const { cycleId, horizonMs } = question;
  return {
    cycleId,
    policyVersion: policy.version,
    method: `${policy.pool}-pool/${version}`,
    horizonMs,
    symbols: [...new Set(question.symbols)].map((symbol) => viewOn(symbol, { ...question, version }, policy)),
  };
}

function viewOn(
  symbol: string,
  question: ConsensusQuestion & { version: Version },
  policy: ParticipationPolicy,
): SymbolView {
  const ballots = inOrder(Object.keys(policy.agents))
    .sort()
    .map((agentId) => ballotOf(agentId, symbol, question, policy));
  const countedInMission = missionSignals(ballots);
  const settled = ballots.map((ballot) => settleBaseline(ballot, countedInMission));

  const claims = claimsOf(settled, policy);
  const voices = voicesOf(settled, votingShares(claims, policy.maxGroupShare), question.version);
  const quorum = quorumOf(claims, settled, countedInMission < MISSION_SIGNALS_WITHOUT_BASELINE, policy);
  const pooled = pool([...voices.values()], quorum.met, policy);
  const vetoedBy =
    pooled.direction === 'up' ? settled.filter(({ vetoes }) => vetoes).map(({ agentId }) => agentId) : [];
  return {
    symbol,
    ...pooled,
    direction: vetoedBy.length > 0 ? 'none' : pooled.direction,
    votes: settled.map(({ agentId, counted, note }) => ({
      agentId,
      weight: voices.get(agentId)?.weight ?? 0,
      counted: counted !== undefined,
      note,
    })),
    quorum,
    vetoedBy,
  };
}

function claimsOf(ballots: readonly Ballot[], policy: ParticipationPolicy) {
  return ballots.flatMap(({ agentId, counted, participant }) =>
    counted && participant
      ? { agentId, weight: votingWeight(participant, policy), cap: participant.cap, group: participant.group }
      : [],
  );
}

/** Principle: who is unsure speaks softly. A voice is a share times its conviction, so that one who has nothing to say dilutes nobody. */
function voicesOf(
  ballots: readonly Ballot[],
  shares: ReadonlyMap<AgentId, number>,
  version: Version,
): Map<AgentId, Voice> {
  const loud = ballots.flatMap(({ agentId, counted, participant }): [AgentId, Voice][] => {
    if (!counted || !participant) return [];
    const weight = (shares.get(agentId) ?? 0) * (version === 1 ? 1 : counted.conviction);
    return [[agentId, { ...counted, group: participant.group, weight }]];
  });
  if (version === 1) return new Map(loud);
  const total = loud.reduce((sum, [, { weight }]) => sum + weight, 0);
  return new Map(loud.map(([agentId, voice]) => [agentId, { ...voice, weight: voice.weight / total }]));
}

/**
 * The weight that is asked for is a share of the enabled weight: an agent that could have voted and did not counts against it. A baseline that
 * stands by could not have voted, and one that is well and has nothing to say has not failed to.
 */
function quorumOf(
  claims: readonly { weight: number; group: string }[],
  ballots: readonly Ballot[],
  baselineNeeded: boolean,
  policy: ParticipationPolicy,
): Quorum {
  const without = ballots.filter(({ hasNoView }) => hasNoView).map(({ agentId }) => agentId);
  const able = Object.entries(policy.agents).filter(
    ([id]) => (baselineNeeded || !standsBy(id)) && !without.includes(id),
  );
  const enabledWeight = able.reduce((total, [, participant]) => total + votingWeight(participant, policy), 0);
  const votedWeight = claims.reduce((total, { weight }) => total + weight, 0);
  const weight = enabledWeight > 0 ? votedWeight / enabledWeight : 0;
  const { quorumCount: countNeeded, quorumWeight: weightNeeded } = policy;
  const count = claims.length;
  const missingGroups = policy.requiredGroups.filter((group) => !claims.some((claim) => claim.group === group));
  const met = count > 0 && count >= countNeeded && weight > weightNeeded - ROUNDING && missingGroups.length === 0;
  return { met, count, countNeeded, weight, weightNeeded, missingGroups };
}
