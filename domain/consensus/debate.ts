import { decimal, text } from '../money/money.ts';
import type { AgentId } from '../signals/agents.ts';
import { seatsOf } from '../signals/seats.ts';
import type { AgentAnswer, Opinion, Signal } from '../signals/signals.ts';
import { mostProbable, type Outcome } from './pooling.ts';

/** Who can weigh words: a rule or a forecaster would only say the same again. */
const debaters: readonly AgentId[] = seatsOf('language-model');

const signalsOf = ({ opinions }: Pick<AgentAnswer, 'opinions'>): Signal[] =>
  opinions.filter((opinion): opinion is Signal => opinion.kind === 'signal');

/** What one agent holds of a symbol, as it is told to another. */
export interface HeldView {
  agentId: AgentId;
  symbol: string;
  direction: Outcome;
  conviction: number;
  rationale: string;
}

/** For each debater that has a view, what all the others hold; nobody debates alone. */
export function debateQuestions(answers: readonly AgentAnswer[]): Map<AgentId, HeldView[]> {
  const held = answers.flatMap((answer) =>
    signalsOf(answer).map(({ agentId, symbol, probabilities, conviction, rationale }) => {
      return { agentId, symbol, direction: mostProbable(probabilities), conviction, rationale };
    }),
  );
  return new Map(
    answers
      .filter((answer) => debaters.includes(answer.agentId) && signalsOf(answer).length > 0)
      .map(({ agentId }): [AgentId, HeldView[]] => [agentId, held.filter((view) => view.agentId !== agentId)])
      .filter(([, others]) => others.length > 0),
  );
}

/**
 * The answer after the debate: what the agent holds now, and what it held before. Where the second round brought no view on a symbol, the first
 * one stands. Both rounds were paid for.
 */
export function afterDebate(first: AgentAnswer, second: AgentAnswer): AgentAnswer {
  const changed = new Map<string, Opinion>(signalsOf(second).map((signal) => [signal.symbol, signal]));
  return {
    ...first,
    opinions: first.opinions.map((opinion) =>
      opinion.kind === 'signal' ? (changed.get(opinion.symbol) ?? opinion) : opinion,
    ),
    before: first.opinions,
    latencyMs: first.latencyMs + second.latencyMs,
    tokens: first.tokens + second.tokens,
    costUsd: text(decimal(first.costUsd).plus(second.costUsd)),
  };
}
