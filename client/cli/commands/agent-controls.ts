import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UserError } from '../../../contracts/errors.ts';
import type { AgentSettings } from '../../../contracts/participation.ts';
import { type AgentParticipation, type AgentRole, agentRoles } from '../../../domain/consensus/participation.ts';
import { coordinatorUrl } from '../../../runtime/configuration/addresses.ts';
import { action, reasonOption } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';

interface SetOptions extends OutputOptions {
  weight?: number;
  role?: AgentRole;
  cap?: number;
  group?: string;
  pin?: boolean;
  reason: string;
}

function within(name: string, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= 0 && value <= most) return value;
    throw new InvalidArgumentError(`${name} must be a number from 0 to ${most}, e.g. 0.5.`);
  };
}

/** One line, for tables and answers. */
export function describeParticipation({ enabled, role, weight, cap, pinned }: AgentParticipation): string {
  return [
    enabled ? role : `disabled ${role}`,
    `weight ${weight}`,
    ...(cap < 1 ? [`cap ${cap}`] : []),
    ...(pinned ? ['pinned'] : []),
  ].join(', ');
}

function withControls(command: Command): Command {
  return command
    .option('--weight <w>', 'from 0, which equals absence, to 10', within('--weight', 10))
    .addOption(
      new Option('--role <role>', 'voter; shadow: scored, not counted; guard: may forbid to buy').choices(agentRoles),
    )
    .option('--cap <share>', 'most of the vote that it may carry, 0 to 1', within('--cap', 1))
    .option('--group <name>', 'agents of one group together carry at most maxGroupShare');
}

export function onProbation(agentId: string): string {
  return `It is scored and does not vote: when its scores ("agents scores") convince you, "./sapphire agents set ${agentId} --role voter --reason TEXT" has it count.`;
}

function settingsOf({ weight, role, cap, group, pin }: Omit<SetOptions, 'reason'>): AgentSettings {
  return { weight, role, cap, group, pinned: pin };
}

/** Everything that changes who takes part, by the coordinator, from the next cycle on. */
export function registerAgentControls(agents: Command): void {
  action<SetOptions, [string]>(
    withControls(
      agents
        .command('set')
        .argument('<agent>', 'a seat or a guest; "agents list" names them')
        .description('change how an agent takes part, from the next cycle on'),
    )
      .option('--pin', 'its weight stands, whatever its score')
      .option('--no-pin', 'its weight follows its score')
      .requiredOption('--reason <text>', 'kept in the books', reasonOption)
      .addHelpText(
        'after',
        '\nExamples:\n  ./sapphire agents set deepseek --weight 0.5 --reason "badly calibrated this month"\n  ./sapphire agents set fingpt --role shadow --reason "on probation"\n  ./sapphire agents set freqtrade --weight 2 --pin --reason "our own strategy"',
      ),
    async ({ coordinator, user }, { reason, ...options }, agentId) => {
      const settings = settingsOf(options);
      if (Object.values(settings).every((value) => value === undefined)) {
        throw new UserError(
          'NothingToChange',
          'Say what to change: --weight, --role, --cap, --group, --pin or --no-pin.',
        );
      }
      const change = await (await coordinator()).setParticipation({
        requestId: randomUUID(),
        agentId,
        ...settings,
        by: user,
        reason,
      });
      const { before, after, version } = change;
      print(
        change,
        options,
        () =>
          `${agentId}: ${describeParticipation(after)}, instead of ${before ? describeParticipation(before) : 'nothing'}, from the next cycle on (participation ${version})`,
      );
    },
  );

  for (const verb of ['enable', 'disable'] as const) {
    action<OutputOptions & { reason: string }, [string]>(
      agents
        .command(verb)
        .argument('<agent>', 'a seat or a guest; "agents list" names them')
        .description(`${verb === 'enable' ? 'ask' : 'do not ask'} the agent, from the next cycle on`)
        .option('--reason <text>', 'kept in the books', reasonOption, 'by the command line')
        .addHelpText('after', `\nExample:\n  ./sapphire agents ${verb} qwen --reason "measured"`),
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
            `${agentId} is ${change.after.enabled ? 'enabled' : 'disabled'} from the next cycle on (participation ${change.version})`,
        );
      },
    );
  }

  action<Omit<SetOptions, 'pin'>, [string]>(
    withControls(
      agents
        .command('invite')
        .argument('<name>', 'short lower-case name of the guest')
        .description('make a token with which any MCP client may bring signals; a new one ends the old one'),
    )
      .option('--reason <text>', 'kept in the books', reasonOption, 'by the command line')
      .addHelpText(
        'after',
        '\nExamples:\n  ./sapphire agents invite my-model --group language-models\n  ./sapphire agents invite my-model --role voter --weight 0.5\nWithout --role a new guest is a shadow: scored, not counted.',
      ),
    async ({ configuration, coordinator, user }, { reason, ...options }, agentId) => {
      const { token, change } = await (await coordinator()).invite({
        requestId: randomUUID(),
        agentId,
        ...settingsOf(options),
        by: user,
        reason,
      });
      const url = coordinatorUrl(configuration);
      print({ token, url, ...change }, options, () => [
        `${agentId}: ${describeParticipation(change.after)}, group ${change.after.group}`,
        `MCP endpoint  ${url}`,
        `token         ${token}`,
        'The token is shown this once. The tool list_participation says what is asked, submit_signal takes the answer.',
        ...(change.after.role === 'shadow' ? [onProbation(agentId)] : []),
      ]);
    },
  );

  action<OutputOptions & { reason: string }, [string]>(
    agents
      .command('revoke')
      .argument('<name>', 'an invited guest')
      .description('end a guest’s token and disable it')
      .option('--reason <text>', 'kept in the books', reasonOption, 'by the command line')
      .addHelpText('after', '\nExample:\n  ./sapphire agents revoke my-model --reason "no longer run"'),
    async ({ coordinator, user }, options, agentId) => {
      const change = await (await coordinator()).revoke({
        requestId: randomUUID(),
        agentId,
        by: user,
        reason: options.reason,
      });
      print(change, options, () => `${agentId} can bring no more signals (participation ${change.version})`);
    },
  );
}
