import { randomUUID } from 'node:crypto';
import { Argument, type Command } from 'commander';
import { agentTaskQueue } from '../../../contracts/task-queues.ts';
import { type AgentId, agentIds, isMissionAgent } from '../../../domain/agents.ts';
import { action } from '../command.ts';
import { type OutputOptions, print, table } from '../output.ts';

const RECENT_CYCLES = 20;

export function registerAgents(program: Command): void {
  const agents = program.command('agents').description('who gives signals, who abstains and why');

  action<OutputOptions>(
    agents.command('list').description('every agent with its queue, participation and last answer'),
    async ({ configuration, journal }, options) => {
      const books = await journal();
      const [{ agents: participation }, cycles] = await Promise.all([
        books.participation.read(),
        books.cycles.list(configuration.account, RECENT_CYCLES),
      ]);
      const rows = agentIds.map((agentId) => {
        const answers = cycles.flatMap((cycle) => cycle.answers.filter((answer) => answer.agentId === agentId));
        const abstention = answers[0]?.opinions.find((opinion) => opinion.kind === 'abstention');
        const signals = answers.filter(({ opinions }) => opinions.some(({ kind }) => kind === 'signal')).length;
        return {
          agent: agentId,
          mission: isMissionAgent(agentId),
          ...participation[agentId],
          queue: agentTaskQueue(agentId),
          answered: answers.length,
          signals,
          last: !answers[0]
            ? 'not asked yet'
            : abstention
              ? `abstains, ${abstention.reason}: ${abstention.detail}`
              : `signal (${answers[0].model})`,
        };
      });
      print(rows, options, () =>
        table(
          ['agent', 'enabled', 'weight', 'signals', 'queue', 'last answer'],
          rows.map((row) => [
            row.mission ? row.agent : `${row.agent} (rule)`,
            row.enabled ? 'yes' : 'no',
            String(row.weight),
            `${row.signals}/${row.answered}`,
            row.queue,
            row.last,
          ]),
        ),
      );
    },
  );

  for (const verb of ['enable', 'disable'] as const) {
    action<OutputOptions & { reason: string }, [AgentId]>(
      agents
        .command(verb)
        .description(`${verb === 'enable' ? 'ask' : 'do not ask'} the agent, from the next cycle on`)
        .addArgument(new Argument('<agent>', 'which agent').choices(agentIds))
        .option('--reason <text>', 'kept in the books', 'by the command line')
        .addHelpText('after', `\nExample:\n  sapphire agents ${verb} qwen --reason "measured"`),
      async ({ coordinator, user }, options, agentId) => {
        const change = await (await coordinator()).setParticipation({
          requestId: randomUUID(),
          agentId,
          enabled: verb === 'enable',
          by: user,
          reason: options.reason,
        });
        print(
          change,
          options,
          () =>
            `${agentId} is ${change.after.enabled ? 'enabled' : 'disabled'} from the next cycle on (policy ${change.version})`,
        );
      },
    );
  }
}
