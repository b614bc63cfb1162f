import type { Command } from 'commander';
import type { CycleRecord } from '../../../contracts/cycle.ts';
import { agentTaskQueue } from '../../../contracts/task-queues.ts';
import { inOrder, isMissionAgent, isSeat } from '../../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../../domain/signals/signals.ts';
import { policyInForce } from '../../../trading/decide/consensus.ts';
import { clock } from '../../views/cycle-view.ts';

import { ageWords } from '../../views/standing-view.ts';
import { action, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';
import { describeParticipation, registerAgentControls } from './agent-controls.ts';
import { describeScores } from './agent-scores.ts';
import { registerCompare } from './compare.ts';
import { registerModelCosts } from './model-costs.ts';

const RECENT_CYCLES = 20;

async function list({ configuration, journal }: CliContext, options: OutputOptions): Promise<void> {
  const books = await journal();
  const [{ agents }, cycles] = await Promise.all([
    policyInForce(books, configuration),
    books.cycles.list(configuration.account, RECENT_CYCLES),
  ]);
  const rows = inOrder(Object.keys(agents)).flatMap((agentId) => {
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
        queue: isSeat(agentId) ? agentTaskQueue(agentId) : 'submit_signal (guest)',
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
  print(rows, options, () =>
    table(
      [
        'agent',
        'participation',
        { title: 'trust', least: 1 },
        { title: 'group', least: 2 },
        'signals',
        { title: 'queue', least: 3 },
        'last answer',
      ],
      rows.map((row) => [
        row.agent,
        describeParticipation(row),
        row.trust.toFixed(2),
        row.group,
        `${row.signals}/${row.answered}`,
        row.queue,
        row.last,
      ]),
    ),
  );
}

/** Of what stood before the cycle that heard it. */
function ageIn(answer: AgentAnswer, cycles: readonly CycleRecord[]): string {
  const signal = answer.opinions.find((opinion) => opinion.kind === 'signal');
  const heardBy = cycles.find(({ answers }) => answers.includes(answer));
  return signal ? ageWords(signal, heardBy?.snapshot?.takenAt) : '';
}

async function scores({ configuration, journal }: CliContext, options: OutputOptions): Promise<void> {
  const records = await (await journal()).scores.read(configuration.account);
  print(records, options, () => describeScores(records));
}

export function registerAgents(program: Command): void {
  const agents = program.command('agents').description('who gives signals, who abstains and why');

  action<OutputOptions>(
    agents
      .command('list')
      .description('every agent with its participation, queue and last answer')
      .addHelpText('after', '\nExample:\n  ./sapphire agents list --json'),
    list,
  );

  action<OutputOptions>(
    agents
      .command('scores')
      .description('what each agent’s signals turned out to be worth once their horizons had ended')
      .addHelpText('after', '\nExample:\n  ./sapphire agents scores --json'),
    scores,
  );

  action<OutputOptions & { limit: number }>(
    agents
      .command('history')
      .description('who changed the participation, when and why, newest first')
      .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 1_000), 20),
    async ({ journal }, options) => {
      const changes = await (await journal()).participation.changes(options.limit);
      print(changes, options, () =>
        table(
          ['at', 'agent', { title: 'before', least: 1 }, 'after', { title: 'by', least: 2 }, 'reason'],
          changes.map(({ changedAt, agentId, before, after, by, reason }) => [
            clock(changedAt),
            agentId,
            before ? describeParticipation(before) : 'nobody',
            describeParticipation(after),
            by,
            reason,
          ]),
        ),
      );
    },
  );

  registerModelCosts(agents);
  registerCompare(agents);
  registerAgentControls(agents);
}
