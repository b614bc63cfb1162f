import type { Command } from 'commander';
import { viewAgents } from '../../views/agents-view.ts';
import { clock } from '../../views/cycle-view.ts';
import { action, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';
import { describeParticipation, registerAgentControls } from './agent-controls.ts';
import { registerAgentFiles } from './agent-files.ts';
import { describeScores } from './agent-scores.ts';
import { registerCompare } from './compare.ts';
import { registerModelCosts } from './model-costs.ts';

async function list({ configuration, journal }: CliContext, options: OutputOptions): Promise<void> {
  const rows = await viewAgents(configuration, await journal());
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

async function scores({ configuration, journal }: CliContext, options: OutputOptions): Promise<void> {
  const records = await (await journal()).scores.read(configuration.account);
  print(records, options, () => describeScores(records, configuration.cycle.horizonMinutes));
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
  registerAgentFiles(agents);
  registerAgentControls(agents);
}
