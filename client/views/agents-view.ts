import type { Configuration } from '../../contracts/config/schema.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { decimal, sum, text } from '../../domain/money/money.ts';
import { type AgentId, inOrder, isMissionAgent, isSeat } from '../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import type { AddedFile } from '../../stores/journal/books/guests.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { versionOf } from '../../trading/agents/rules/rule-agent.ts';
import { policyInForce } from '../../trading/decide/consensus.ts';
import { ageWords } from './standing-view.ts';

const RECENT_CYCLES = 20;

/** Every agent with its participation, queue and last answer. */
export async function viewAgents(
  configuration: Configuration,
  books: Pick<Journal, 'cycles' | 'participation' | 'policy' | 'scores' | 'guests'>,
) {
  const [{ agents }, cycles, files] = await Promise.all([
    policyInForce(books, configuration),
    books.cycles.list(configuration.account, RECENT_CYCLES),
    books.guests.files(),
  ]);
  return inOrder(Object.keys(agents)).flatMap((agentId) => {
    const participant = agents[agentId];
    if (!participant) return [];
    const answers = cycles.flatMap((cycle) => cycle.answers.filter((answer) => answer.agentId === agentId));
    const abstention = answers[0]?.opinions.find((opinion) => opinion.kind === 'abstention');
    const signals = answers.filter(({ opinions }) => opinions.some(({ kind }) => kind === 'signal')).length;
    return [
      {
        agent: agentId,
        mission: isMissionAgent(agentId),
        ...participant,
        queue: queueOf(agentId, files),
        answered: answers.length,
        signals,
        last: !answers[0]
          ? 'not asked yet'
          : abstention
            ? `abstains, ${abstention.reason}: ${abstention.detail}`
            : `signal (${answers[0].model}${ageIn(answers[0], cycles)})`,
      },
    ];
  });
}

function queueOf(agentId: AgentId, files: readonly AddedFile[]): string {
  const file = files.find((each) => each.agentId === agentId);
  if (file) return `own file ${versionOf(file.sha256)}`;
  return isSeat(agentId) ? agentTaskQueue(agentId) : 'submit_signal (guest)';
}

/** Of what stood before the cycle that heard it. */
function ageIn(answer: AgentAnswer, cycles: readonly CycleRecord[]): string {
  const signal = answer.opinions.find((opinion) => opinion.kind === 'signal');
  const heardBy = cycles.find(({ answers }) => answers.includes(answer));
  return signal ? ageWords(signal, heardBy?.snapshot?.takenAt) : '';
}

/** What language models cost since a moment, by agent and model. */
export async function viewModelCosts({ modelCalls }: Pick<Journal, 'modelCalls'>, since: number) {
  const models = await modelCalls.spent(since);
  const costUsd = text(sum(models.map((model) => decimal(model.costUsd))));
  return { since, costUsd, models };
}

export interface WeightView {
  cycleId: string;
  at: number;
  symbol: string;
  agent: string;
  /** Part of the view that it carried: 0 where it abstained or did not count. */
  weight: number;
  counted: boolean;
}

/** What each agent carried in the consensus of each of these cycles, in their order. */
export function weightsOver(
  cycles: readonly Pick<CycleRecord, 'cycleId' | 'finishedAt' | 'consensus'>[],
): WeightView[] {
  return cycles.flatMap(({ cycleId, finishedAt: at, consensus }) =>
    (consensus?.symbols ?? []).flatMap(({ symbol, votes }) =>
      votes.map(({ agentId: agent, weight, counted }) => ({ cycleId, at, symbol, agent, weight, counted })),
    ),
  );
}
