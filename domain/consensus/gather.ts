import { type AgentId, inOrder, isSeat } from '../signals/agents.ts';
import { agreeingAnswer } from '../signals/agreement.ts';
import { boundedAnswer, type DeviationOf } from '../signals/bounds.ts';
import type { SeatId } from '../signals/seats.ts';
import { type AbstentionReason, type AgentAnswer, abstain, withinBytes } from '../signals/signals.ts';
import { afterDebate, debateQuestions, type HeldView } from './debate.ts';
import type { ParticipationPolicy } from './participation.ts';

/*
 * Who has a voice in a decision and in which order they are asked, whoever carries the questions: activities on queues, or calls in one process.
 */

/** Two tries, and a pause before the second: an agent that fails both abstains. */
export const TRIES = 2;
export const BETWEEN_TRIES_MS = 500;

/** All of them go on together, to the consensus, the plan and the record, and one value of a history may have 2 MB. */
const MAX_BYTES = 1_000_000;

/** @template W how a version of a model is named */
export interface Seating<W> {
  symbols: readonly string[];
  /** Seats that are asked. */
  agents: readonly SeatId[];
  /** Versions of models that are asked where their seat is, beside the one in use, and rules of somebody's own, which have no weights. */
  models?: readonly { agentId: AgentId; seat: SeatId; weights?: W }[];
  /** Of seats and versions those whose answers stand from before: nobody asks them now. */
  standing?: readonly { agentId: AgentId }[];
  /** Agents that bring their signals by themselves. */
  guests?: readonly AgentId[];
  disabledAgents: readonly AgentId[];
  /** Left alone until then, UTC epoch milliseconds. */
  restingAgents?: readonly { agentId: AgentId; failures: number; untilAt: number; cause?: string }[];
  /** Language models are asked a second time, each time for half of the deadline. */
  debate?: boolean;
  agentDeadlineMs: number;
  /** Under which they take part. */
  policy?: Pick<ParticipationPolicy, 'agents'>;
}

/** One question to one agent. */
export interface Asking<W> {
  agentId: AgentId;
  /** Where it is asked: a version of a model has no place of its own. */
  seat: SeatId;
  /** For its answer, with all tries. */
  withinMs: number;
  /** What this question has beside those to others. */
  about: { weights?: W; others?: HeldView[] };
}

export interface Voices<W> {
  /** Rejects only where the decision is called off: who cannot answer abstains. */
  ask(asking: Asking<W>): Promise<AgentAnswer>;
  /** One answer for each of those whose answers stand. */
  recall(agents: readonly AgentId[]): Promise<AgentAnswer[]>;
  /** One answer for each of the guests. */
  hear(guests: readonly AgentId[]): Promise<AgentAnswer[]>;
}

/**
 * One answer for each of the agents, seats first in their fixed order; who cannot answer, or is not asked, abstains with the reason. Whoever brought
 * it, and in which language it was made, each view agrees with itself (domain/signals/agreement.ts), and one on trial stays within its market.
 */
export async function gatherAnswers<W>(
  seating: Seating<W>,
  deviationOf: DeviationOf,
  { ask, recall, hear }: Voices<W>,
): Promise<AgentAnswer[]> {
  const { agents, models = [], standing = [], guests = [], debate = false, agentDeadlineMs } = seating;
  const stands = ({ agentId }: { agentId: AgentId }): boolean => standing.some((each) => each.agentId === agentId);
  const withinMs = debate ? agentDeadlineMs / 2 : agentDeadlineMs;
  const askSeat = (seat: SeatId, about: Asking<W>['about']) => ask({ agentId: seat, seat, withinMs, about });
  const recalled = standing.length === 0 ? [] : recall(standing.map(({ agentId }) => agentId));
  const [first, versions, stood] = await Promise.all([
    Promise.all(agents.filter((agentId) => !stands({ agentId })).map((seat) => askSeat(seat, {}))),
    Promise.all(
      models
        .filter((version) => !stands(version))
        .map(({ agentId, seat, weights }) =>
          ask({ agentId, seat, withinMs, about: weights === undefined ? {} : { weights } }),
        ),
    ),
    recalled,
  ]);
  const seated = debate ? await secondRound(first, stood, (seat, others) => askSeat(seat, { others })) : first;
  // After the others: what came while they thought counts as well.
  const heard = guests.length === 0 ? [] : await hear(guests);
  // Last, so that no question depends on it.
  const agreed = [...seated, ...versions, ...stood, ...heard].map((given) => {
    const answer = agreeingAnswer(given);
    return isOnTrial(seating, answer) ? boundedAnswer(answer, deviationOf) : answer;
  });
  const answers = withinBytes([...agreed, ...notAsked(seating)], MAX_BYTES);
  return inOrder(answers.map(({ agentId }) => agentId)).flatMap((id) =>
    answers.filter(({ agentId }) => agentId === id),
  );
}

/** A seat while it is a shadow. A version of a model also when it votes: what earned it the vote was said within these bounds, as what a guest says. */
function isOnTrial(
  { agents, models = [], policy }: Seating<unknown>,
  { agentId }: Pick<AgentAnswer, 'agentId'>,
): boolean {
  const isShadow = agents.some((seat) => seat === agentId) && policy?.agents[agentId]?.role === 'shadow';
  return isShadow || models.some((version) => version.agentId === agentId);
}

/**
 * Asks each debater once more, with what the others hold before it. An agent that fails the second round keeps its first word. One whose answer
 * stands is quoted, and not asked: what it has said was not about these.
 */
async function secondRound(
  answers: readonly AgentAnswer[],
  stood: readonly AgentAnswer[],
  ask: (seat: SeatId, others: HeldView[]) => Promise<AgentAnswer>,
): Promise<AgentAnswer[]> {
  const questions = debateQuestions([...answers, ...stood]);
  return Promise.all(
    answers.map(async (first) => {
      const others = questions.get(first.agentId);
      if (!others || !isSeat(first.agentId)) return first;
      return afterDebate(first, await ask(first.agentId, others));
    }),
  );
}

function notAsked({
  symbols,
  disabledAgents,
  restingAgents = [],
}: Pick<Seating<unknown>, 'symbols' | 'disabledAgents' | 'restingAgents'>): AgentAnswer[] {
  const disabled = disabledAgents.map((agentId) =>
    silent(agentId, symbols, 'disabled', `switched off; "./sapphire agents enable ${agentId}" switches it on`),
  );
  const resting = restingAgents.map(({ agentId, failures, untilAt, cause }) => {
    const since = cause === undefined ? '' : `: ${cause}`;
    const detail = `left alone after ${failures} failures in a row until ${new Date(untilAt).toISOString()}${since}`;
    return silent(agentId, symbols, 'cooling_down', detail);
  });
  return [...disabled, ...resting];
}

/** Of guests whose signals cannot be had. */
export function unheard(guests: readonly AgentId[], symbols: readonly string[]): AgentAnswer[] {
  return guests.map((agentId) =>
    silent(agentId, symbols, 'unavailable', 'its signals could not be read from the books'),
  );
}

/** The answer of one that was not asked, or gave none. */
export function silent(
  agentId: AgentId,
  symbols: readonly string[],
  reason: AbstentionReason,
  detail: string,
): AgentAnswer {
  return {
    agentId,
    opinions: abstain(agentId, symbols, reason, detail),
    model: 'none',
    version: 'none',
    latencyMs: 0,
    tokens: 0,
    costUsd: '0',
  };
}
