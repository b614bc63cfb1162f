import type { AskInput, AskOpening } from '../../contracts/asking.ts';
import { type PackedAnswer, packed } from '../../contracts/packed-answer.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import type { Asked } from '../../domain/signals/standing.ts';
import { hearStanding, openAsking, type StandingQuestion, type StandingTools } from '../../trading/agents/standing.ts';

export type StandingActivities = ReturnType<typeof createStandingActivities>;

/** Transactions of the journal, each idempotent by the id of its question. No heartbeat: they run as local activities at first. */
export function createStandingActivities({
  now = Date.now,
  ...tools
}: Omit<StandingTools, 'now'> & Partial<StandingTools>) {
  const { standing } = tools.journal;
  return {
    /** Whom to ask now, and what. Changes nothing. */
    async openAsking(input: AskInput): Promise<AskOpening> {
      return openAsking({ ...tools, now }, input);
    },

    async beginAsking(request: { account: string; askId: string; agentIds: AgentId[] }): Promise<void> {
      await standing.begin(request);
    },

    async keepAnswers(request: {
      account: string;
      askId: string;
      answers: AgentAnswer[];
      asked: Asked;
    }): Promise<void> {
      await standing.keep(request);
    },

    /** One answer of each of these to a cycle, as it stands, packed for its history; read only. */
    async hearStanding(question: StandingQuestion): Promise<(AgentAnswer | PackedAnswer)[]> {
      return (await hearStanding(tools.journal, question)).map(packed);
    },
  };
}
