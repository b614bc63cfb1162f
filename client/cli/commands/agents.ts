import { randomUUID } from 'node:crypto';
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { agentTaskQueue } from '../../../contracts/task-queues.ts';
import { type AgentId, agentIds, isMissionAgent } from '../../../domain/agents.ts';
import type { AgentParticipation } from '../../../domain/participation.ts';
import { clock } from '../../cycle-view.ts';
import { action, wholeNumber } from '../command.ts';
import { type OutputOptions, print, table } from '../output.ts';

const RECENT_CYCLES = 20;

function weight(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 10) return value;
  throw new InvalidArgumentError('--weight must be a number from 0 to 10, e.g. 0.5.');
}

function participation({ enabled, weight: share }: AgentParticipation): string {
  return enabled ? `weight ${share}` : `disabled, weight ${share}`;
}

export function registerAgents(program: Command): void {
  const agents = program.command('agents').description('who gives signals, who abstains and why');

  action<OutputOptions>(
    agents.command('list').description('every agent with its queue, participation and last answer'),
    async ({ configuration, journal }, options) => {
      const books = await journal();
      const [{ agents: seats }, cycles] = await Promise.all([
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
          ...seats[agentId],
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
            row.mission ? row.agent : `${row.agent} (no mission agent)`,
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

  action<OutputOptions & { weight: number; reason: string }, [AgentId]>(
    agents
      .command('set')
      .description('change the weight of an agent in the vote, from the next cycle on')
      .addArgument(new Argument('<agent>', 'which agent').choices(agentIds))
      .requiredOption('--weight <w>', 'from 0, which equals absence, to 10', weight)
      .option('--reason <text>', 'kept in the books', 'by the command line')
      .addHelpText(
        'after',
        '\nExample:\n  sapphire agents set deepseek --weight 0.5 --reason "badly calibrated this month"',
      ),
    async ({ coordinator, user }, options, agentId) => {
      const change = await (await coordinator()).setParticipation({
        requestId: randomUUID(),
        agentId,
        weight: options.weight,
        by: user,
        reason: options.reason,
      });
      print(change, options, () => {
        const { before, after, version } = change;
        return `${agentId} has weight ${after.weight} instead of ${before.weight} from the next cycle on (policy ${version})`;
      });
    },
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
          ['at', 'agent', 'before', 'after', 'by', 'reason'],
          changes.map(({ changedAt, agentId, before, after, by, reason }) => [
            clock(changedAt),
            agentId,
            participation(before),
            participation(after),
            by,
            reason,
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
