import type { AgentQuestion } from '../../contracts/signals.ts';
import { afterDebate, debateQuestions } from '../../domain/consensus/debate.ts';
import { isSeat, type SeatId } from '../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';

export type Ask = (agentId: SeatId, request: AgentQuestion) => Promise<AgentAnswer>;

/** Asks each debater once more, with what the others hold before it. An agent that fails the second round keeps its first word. */
export async function secondRound(
  answers: readonly AgentAnswer[],
  request: AgentQuestion,
  ask: Ask,
): Promise<AgentAnswer[]> {
  const questions = debateQuestions(answers);
  return Promise.all(
    answers.map(async (first) => {
      const others = questions.get(first.agentId);
      if (!others || !isSeat(first.agentId)) return first;
      return afterDebate(first, await ask(first.agentId, { ...request, others }));
    }),
  );
}
