import { type AgentId, agentGroups, agentIds, isMissionAgent } from './agents.ts';
import type { ParticipationPolicy, Pool } from './participation.ts';
import type { AgentAnswer, Opinion, Signal } from './signals.ts';

/** Names and versions of the rules; a change of what one computes takes a new version, so that an old decision stays explainable. */
const methods: Record<Pool, string> = { linear: 'linear-pool/1', log: 'log-pool/1' };

/** `baseline` stands by as soon as this many mission agents have given a signal that counts. */
export const MISSION_SIGNALS_WITHOUT_BASELINE = 2;

/** Sums of shares differ by less than this only because of their binary fractions. */
const ROUNDING = 1e-12;

type Outcome = 'up' | 'flat' | 'down';

export interface ConsensusQuestion {
  cycleId: string;
  symbols: readonly string[];
  answers: readonly AgentAnswer[];
  /** The exchange's clock at the snapshot. */
  takenAt: number;
  /** The horizon that the agents were asked for: views over another one cannot be pooled with theirs. */
  horizonMs: number;
}

export interface Vote {
  agentId: AgentId;
  /** Share of the voting weight after the group cap; all counted votes add up to 1. */
  weight: number;
  counted: boolean;
  note: string;
}

/** Returns are fractions over the horizon. Where no signal counted there is nothing to pool and every number is 0. */
export interface PooledView {
  direction: Outcome | 'none';
  probabilities: Record<Outcome, number>;
  expectedReturn: number;
  /** Standard deviation of the mixture: the voters' own uncertainty and their disagreement. */
  uncertainty: number;
  conviction: number;
  dissent: number;
}

export interface Quorum {
  met: boolean;
  count: number;
  countNeeded: number;
  weight: number;
  weightNeeded: number;
}

export interface SymbolView extends PooledView {
  symbol: string;
  votes: Vote[];
  quorum: Quorum;
}

export interface ConsensusView {
  cycleId: string;
  policyVersion: number;
  method: string;
  symbols: SymbolView[];
}

/** A signal that counts, with its weight: the policy's at first, its share of the vote after `capGroups`. */
export interface WeightedSignal {
  signal: Signal;
  weight: number;
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
  const ballots = [...agentIds].sort().map((agentId) => ballotOf(agentId, symbol, question, policy));
  const countedInMission = ballots.filter(({ agentId, signal }) => signal && isMissionAgent(agentId)).length;
  const baselineNeeded = countedInMission < MISSION_SIGNALS_WITHOUT_BASELINE;
  const settled = ballots.map((ballot) => settleBaseline(ballot, countedInMission));

  const signals = settled.flatMap(({ signal }) => signal ?? []);
  const shares = capGroups(
    signals.map((signal) => ({ signal, weight: policy.agents[signal.agentId].weight })),
    policy.maxGroupShare,
  );
  const quorum = quorumOf(signals, baselineNeeded, policy);
  return {
    symbol,
    ...pool(shares, quorum.met, policy),
    votes: settled.map(({ agentId, signal, note }) => ({
      agentId,
      weight: shares.find((share) => share.signal === signal)?.weight ?? 0,
      counted: signal !== undefined,
      note,
    })),
    quorum,
  };
}

interface Ballot {
  agentId: AgentId;
  /** Undefined when nothing of this agent counts; the note says why. */
  signal?: Signal;
  note: string;
}

function ballotOf(
  agentId: AgentId,
  symbol: string,
  { answers, takenAt, horizonMs }: ConsensusQuestion,
  policy: ParticipationPolicy,
): Ballot {
  const { enabled, weight } = policy.agents[agentId];
  if (!enabled) return { agentId, note: 'disabled' };
  if (!(weight > 0)) return { agentId, note: 'weight 0' };
  const opinions: Opinion[] = answers
    .filter((answer) => answer.agentId === agentId)
    .flatMap((answer) => answer.opinions.filter((opinion) => opinion.symbol === symbol));
  const [opinion] = opinions;
  if (!opinion) return { agentId, note: 'no answer' };
  if (opinion.agentId !== agentId) return { agentId, note: `signed by ${opinion.agentId}` };
  if (opinion.kind === 'abstention') return { agentId, note: `abstained: ${opinion.reason}` };
  if (opinion.horizonMs !== horizonMs) {
    return { agentId, note: `horizon ${opinion.horizonMs} ms, asked for ${horizonMs} ms` };
  }
  if (opinion.validUntilAt <= takenAt) return { agentId, note: `expired ${takenAt - opinion.validUntilAt} ms before` };
  return { agentId, signal: opinion, note: opinions.length > 1 ? 'the first of several answers' : '' };
}

/** Principle: the baseline keeps a machine without keys trading; it never outvotes agents that were chosen. */
function settleBaseline(ballot: Ballot, countedInMission: number): Ballot {
  if (ballot.agentId !== 'baseline' || !ballot.signal) return ballot;
  if (countedInMission >= MISSION_SIGNALS_WITHOUT_BASELINE) {
    return { agentId: ballot.agentId, note: `stands by: ${countedInMission} mission agents gave a signal` };
  }
  const reason = `counts because only ${countedInMission} of the six mission agents gave a signal`;
  return { ...ballot, note: ballot.note ? `${ballot.note}; ${reason}` : reason };
}

/**
 * Principle: agents whose views come from one kind of source are one opinion said several times, so together they carry at most
 * `maxGroupShare` of the vote, and what they lose goes to the others in proportion. A group that votes alone carries everything; where there
 * are too few groups for the cap to be kept (fewer than 1/maxGroupShare), all carry the same.
 *
 * @returns the signals with shares that add up to 1, in the order given
 */
export function capGroups(signals: readonly WeightedSignal[], maxGroupShare: number): WeightedSignal[] {
  const groupWeights = new Map<string, number>();
  for (const { signal, weight } of signals) {
    const group = agentGroups[signal.agentId];
    groupWeights.set(group, (groupWeights.get(group) ?? 0) + weight);
  }
  const shares = cappedShares(groupWeights, Math.max(maxGroupShare, 1 / groupWeights.size));
  return signals.map(({ signal, weight }) => {
    const group = agentGroups[signal.agentId];
    return { signal, weight: ((shares.get(group) ?? 0) * weight) / (groupWeights.get(group) ?? weight) };
  });
}

/** Fixes groups at the cap until those that remain share the rest below it; each round fixes at least one, so it ends. */
function cappedShares(groupWeights: ReadonlyMap<string, number>, cap: number): Map<string, number> {
  const capped = new Set<string>();
  for (;;) {
    const free = [...groupWeights].filter(([group]) => !capped.has(group));
    const freeWeight = free.reduce((total, [, weight]) => total + weight, 0);
    const freeShare = 1 - capped.size * cap;
    const shares = new Map(
      [...groupWeights].map(([group, weight]) => [group, capped.has(group) ? cap : (freeShare * weight) / freeWeight]),
    );
    const above = free.filter(([group]) => (shares.get(group) ?? 0) > cap + ROUNDING);
    if (above.length === 0) return shares;
    for (const [group] of above) capped.add(group);
  }
}

/**
 * The weight that is asked for is a share of the enabled weight: an agent that could have voted and did not counts against it. A baseline that
 * stands by could not have voted.
 */
function quorumOf(signals: readonly Signal[], baselineNeeded: boolean, policy: ParticipationPolicy): Quorum {
  const weigh = (ids: readonly AgentId[]) => ids.reduce((total, id) => total + policy.agents[id].weight, 0);
  const able = agentIds.filter((id) => policy.agents[id].enabled && (baselineNeeded || id !== 'baseline'));
  const enabledWeight = weigh(able);
  const weight = enabledWeight > 0 ? weigh(signals.map(({ agentId }) => agentId)) / enabledWeight : 0;
  const { quorumCount: countNeeded, quorumWeight: weightNeeded } = policy;
  const count = signals.length;
  const met = count > 0 && count >= countNeeded && weight > weightNeeded - ROUNDING;
  return { met, count, countNeeded, weight, weightNeeded };
}

/** Probabilities that are pooled by their logarithms are kept off 0 and 1, so that no voter has a veto. */
const CLIP = { low: 0.01, high: 0.99 };

/** Linear opinion pool, P(k) = Σ wᵢ·pᵢ(k) (Stone 1961). */
export function linearPool(shares: readonly Weighted[]): Record<Outcome, number> {
  const of = (outcome: Outcome): number =>
    shares.reduce((total, { probabilities, weight }) => total + weight * probabilities[outcome], 0);
  return { up: of('up'), flat: of('flat'), down: of('down') };
}

/** Logarithmic opinion pool, P(k) ∝ Π pᵢ(k)^wᵢ, of clipped probabilities: externally Bayesian (Genest and Zidek 1986). */
export function logPool(shares: readonly Weighted[]): Record<Outcome, number> {
  if (shares.length === 0) return { up: 0, flat: 0, down: 0 };
  const clipped = (value: number): number => Math.min(CLIP.high, Math.max(CLIP.low, value));
  const of = (outcome: Outcome): number =>
    Math.exp(
      shares.reduce(
        (total, { probabilities, weight }) => total + weight * Math.log(clipped(probabilities[outcome])),
        0,
      ),
    );
  const [up, flat, down] = [of('up'), of('flat'), of('down')];
  const total = up + flat + down;
  return { up: up / total, flat: flat / total, down: down / total };
}

/** Probabilities that add up to 1, with weights that do. */
export interface Weighted {
  probabilities: Record<Outcome, number>;
  weight: number;
}

/**
 * Probabilities by the policy's pool; mean and standard deviation are those of the mixture, σ² = Σ wᵢ(σᵢ² + μᵢ²) − μ², whatever the pool.
 *
 * The direction is the most probable outcome, flat when up and down tie. The conviction is the weighted vote Σ wᵢvᵢ: an agent says its own
 * conviction for that direction when its own most probable outcome is the same, nothing when that is flat, and its conviction against it when
 * it is the opposite; below 0 it is 0. A view of "flat" thus dilutes, an abstention does not. Dissent is the share of the vote whose own most
 * probable outcome is another one.
 *
 * @param shares signals with weights that add up to 1
 * @param quorate without a quorum there is no direction, and so neither conviction nor dissent
 */
export function pool(
  shares: readonly WeightedSignal[],
  quorate: boolean,
  policy: Pick<ParticipationPolicy, 'pool' | 'minConviction'>,
): PooledView {
  const weighted = (of: (signal: Signal) => number) =>
    shares.reduce((total, { signal, weight }) => total + weight * of(signal), 0);
  const voters = shares.map(({ signal, weight }) => ({ probabilities: normalised(signal), weight }));
  const probabilities = policy.pool === 'log' ? logPool(voters) : linearPool(voters);
  const expectedReturn = weighted((signal) => signal.expectedReturn);
  const variance = weighted((signal) => signal.uncertainty ** 2 + (signal.expectedReturn - expectedReturn) ** 2);
  const view = { probabilities, expectedReturn, uncertainty: Math.sqrt(variance) };
  if (!quorate) return { ...view, direction: 'none', conviction: 0, dissent: 0 };

  const direction = mostProbable(probabilities);
  const conviction = within01(weighted((signal) => supportFor(direction, signal) * signal.conviction));
  const dissent = within01(weighted((signal) => (mostProbable(signal.probabilities) === direction ? 0 : 1)));
  // What is flat asks for nothing, and needs no conviction.
  const held = direction === 'flat' || conviction >= policy.minConviction;
  return { ...view, direction: held ? direction : 'none', conviction, dissent };
}

/** 1 for, 0 beside, −1 against the direction. */
function supportFor(direction: Outcome, { probabilities }: Signal): number {
  const own = mostProbable(probabilities);
  if (own === direction) return 1;
  return own === 'flat' || direction === 'flat' ? 0 : -1;
}

function mostProbable({ up, flat, down }: Record<Outcome, number>): Outcome {
  if (up > flat && up > down) return 'up';
  if (down > flat && down > up) return 'down';
  return 'flat';
}

/** Agents' probabilities add up to 1 only within a rounding; the pool's do exactly. */
function normalised({ probabilities: { up, flat, down } }: Signal): Record<Outcome, number> {
  const total = up + flat + down;
  return { up: up / total, flat: flat / total, down: down / total };
}

/** Sums of shares miss 0 and 1 by rounding errors, which a schema of [0, 1] would refuse. */
function within01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
