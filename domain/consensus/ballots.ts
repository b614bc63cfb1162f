import { type AgentId, isMissionAgent, standsBy } from '../signals/agents.ts';
import { horizonLeft, type View, viewOver } from '../signals/horizon.ts';
import type { AgentAnswer, Opinion, Signal } from '../signals/signals.ts';
import { type Participant, type ParticipationPolicy, votingWeight } from './participation.ts';
import { mostProbable } from './pooling.ts';

/** `baseline` stands by as soon as this many mission agents have given a signal that counts. */
export const MISSION_SIGNALS_WITHOUT_BASELINE = 2;

/**
 * Of the rule. 1: views over the horizon asked for alone, at their word, by their share whatever their conviction. 2: horizons are brought together,
 * expected returns are believed as far as they were earned, and who has nothing to say has no voice.
 */
export const versions = [1, 2] as const;
export type Version = (typeof versions)[number];

/** A conviction below this is nothing to say. */
const LEAST_CONVICTION = 0.001;

export interface Question {
  answers: readonly AgentAnswer[];
  /** The exchange's clock at the snapshot. */
  takenAt: number;
  /** The horizon that the agents were asked for. */
  horizonMs: number;
  version: Version;
}

export interface Ballot {
  agentId: AgentId;
  participant?: Participant;
  /** Undefined when nothing of this agent counts; the note says why. */
  counted?: { view: View; conviction: number };
  vetoes?: boolean;
  /** Asked, well, and nothing to say: neither for the quorum nor against it. */
  hasNoView?: boolean;
  note: string;
}

export function ballotOf(agentId: AgentId, symbol: string, question: Question, policy: ParticipationPolicy): Ballot {
  const participant = policy.agents[agentId];
  if (!participant?.enabled) return { agentId, note: 'disabled' };
  const { role } = participant;
  if (role === 'voter' && !(votingWeight(participant, policy) > 0)) return { agentId, note: 'weight 0' };
  if (role === 'voter' && !(participant.cap > 0)) return { agentId, note: 'cap 0' };
  const { signal, note, hasNoView = false } = signalOf(agentId, symbol, question);
  if (!signal) return { agentId, participant, note, hasNoView };
  if (role === 'shadow') return { agentId, note: 'shadow: scored, not counted' };
  if (role === 'voter') return votersBallot(agentId, participant, signal, question, note);
  const vetoes = mostProbable(signal.probabilities) === 'down' && signal.conviction >= policy.vetoConviction;
  return { agentId, vetoes, note: vetoes ? 'guard: forbids to buy' : 'guard: does not vote' };
}

function votersBallot(
  agentId: AgentId,
  participant: Participant,
  signal: Signal,
  { version, ...asked }: Question,
  note: string,
): Ballot {
  const { conviction } = signal;
  if (version === 1) return { agentId, participant, note, counted: { view: signal, conviction } };
  if (conviction < LEAST_CONVICTION) return { agentId, participant, note: 'no voice: conviction 0', hasNoView: true };
  const view = viewOver(signal, asked, participant.calibration);
  return { agentId, participant, note, ...(view ? { counted: { view, conviction } } : {}) };
}

/** The agent's signal, or why it has none that is valid for this question. */
function signalOf(
  agentId: AgentId,
  symbol: string,
  { answers, takenAt, horizonMs, version }: Question,
): { signal?: Signal; note: string; hasNoView?: boolean } {
  const opinions: Opinion[] = answers
    .filter((answer) => answer.agentId === agentId)
    .flatMap((answer) => answer.opinions.filter((opinion) => opinion.symbol === symbol));
  const [opinion] = opinions;
  if (!opinion) return { note: 'no answer' };
  if (opinion.agentId !== agentId) return { note: `signed by ${opinion.agentId}` };
  if (opinion.kind === 'abstention') {
    return { note: `abstained: ${opinion.reason}`, hasNoView: version > 1 && opinion.reason === 'no_view' };
  }
  if (version === 1 && opinion.horizonMs !== horizonMs) {
    return { note: `horizon ${opinion.horizonMs} ms, asked for ${horizonMs} ms` };
  }
  const left = version === 1 ? Infinity : horizonLeft(opinion, takenAt);
  const over = Math.max(takenAt - opinion.validUntilAt, -left);
  if (over >= 0) return { note: `expired ${over} ms before` };
  const notes = [
    ...(opinions.length > 1 ? ['the first of several answers'] : []),
    ...(left === horizonMs || version === 1 ? [] : [`${Math.round(left / 1_000)} s ahead`]),
  ];
  return { signal: opinion, note: notes.join('; ') };
}

/** Principle: the baseline keeps a machine without keys trading; it never outvotes agents that were chosen. */
export function settleBaseline(ballot: Ballot, countedInMission: number): Ballot {
  if (!standsBy(ballot.agentId) || !ballot.counted) return ballot;
  if (countedInMission >= MISSION_SIGNALS_WITHOUT_BASELINE) {
    return { agentId: ballot.agentId, note: `stands by: ${countedInMission} mission agents gave a signal` };
  }
  const reason = `counts because only ${countedInMission} of the six mission agents gave a signal`;
  return { ...ballot, note: ballot.note ? `${ballot.note}; ${reason}` : reason };
}

export function missionSignals(ballots: readonly Ballot[]): number {
  return ballots.filter(({ agentId, counted }) => counted && isMissionAgent(agentId)).length;
}
