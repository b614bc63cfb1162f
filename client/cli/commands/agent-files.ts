import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ErrorName, UserError } from '../../../contracts/errors.ts';
import { agentIdText } from '../../../contracts/participation.ts';
import { type AgentRole, agentRoles } from '../../../domain/consensus/participation.ts';
import type { Opinion } from '../../../domain/signals/signals.ts';
import { rulesFolder } from '../../../runtime/configuration/folders.ts';
import { forgetRule } from '../../../trading/agents/rules/kept-rules.ts';
import { addRule, exampleRule, writeExample } from '../../controls/rule-files.ts';
import { action, reasonOption } from '../command.ts';
import { type OutputOptions, print, show } from '../output.ts';
import { describeParticipation, onProbation } from './agent-controls.ts';

interface AddOptions extends OutputOptions {
  name?: string;
  role?: AgentRole;
  reason: string;
  example?: boolean;
}

function agentName(text: string): string {
  const { success, data, error } = agentIdText.safeParse(text);
  if (success) return data;
  throw new InvalidArgumentError(`--name ${error.issues.map(({ message }) => message).join('; ')}.`);
}

function said(opinion: Opinion): string {
  if (opinion.kind === 'abstention') return `${opinion.symbol}: abstains, ${opinion.reason}: ${opinion.detail}`;
  const bps = (opinion.expectedReturn * 10_000).toFixed(1);
  return `${opinion.symbol}: expects ${bps} basis points with conviction ${opinion.conviction.toFixed(2)}`;
}

/** Rules of the user's own, of one file each. */
export function registerAgentFiles(agents: Command): void {
  action<AddOptions, [string | undefined]>(
    agents
      .command('add')
      .argument('[file]', 'TypeScript or JavaScript with a rule as its default export')
      .description('have a rule of your own asked in every cycle; the same name again is its next version')
      .option('--name <name>', 'instead of the one that the file says', agentName)
      .addOption(
        new Option('--role <role>', 'voter; shadow: scored, not counted; guard: may forbid to buy').choices(agentRoles),
      )
      .option('--reason <text>', 'kept in the books', reasonOption, 'by the command line')
      .option('--example', 'write an example into the file, and its types beside it; without a file print it')
      .addHelpText(
        'after',
        '\nExamples:\n  ./sapphire agents add --example momentum.ts\n  ./sapphire agents add momentum.ts\nA copy runs: what you edit counts once you add it again. A new version is a shadow: scored, not counted.\nIt is code that runs as you: read what you did not write.',
      ),
    async ({ configuration, market, coordinator, user }, { name, role, reason, example, ...options }, path) => {
      if (example) {
        const text = exampleRule();
        const files = path === undefined ? [] : writeExample(path);
        // What is printed may be meant for a file.
        if (path === undefined && !options.json) return show(text.trimEnd().split('\n'), { wide: true });
        return print({ example: text, files }, options, () => [
          `written: ${files.join(', ')}`,
          `./sapphire agents add ${path}`,
        ]);
      }
      if (path === undefined) {
        throw new UserError(
          ErrorName.invalidInput,
          'Name the file of the rule; "--example FILE" writes one to begin with.',
        );
      }
      const added = await addRule(
        {
          mode: configuration.mode,
          folder: rulesFolder(),
          horizonMs: configuration.cycle.horizonMinutes * 60_000,
          market,
          coordinator,
        },
        { path, name, settings: { role }, by: user, reason },
      );
      const { agentId, version, trial, change } = added;
      print(added, options, () => [
        `${agentId}, version ${version}: ${describeParticipation(change.after)}, from the next cycle on`,
        ...(trial
          ? ['to the market of the newest cycle it says', ...trial.opinions.map((one) => `  ${said(one)}`)]
          : []),
        ...(change.after.role === 'shadow' ? [onProbation(agentId)] : []),
      ]);
    },
  );

  action<OutputOptions & { reason: string }, [string]>(
    agents
      .command('remove')
      .argument('<name>', 'a rule that was added')
      .description('ask it no more, and delete its copy; what it said stays in the records')
      .option('--reason <text>', 'kept in the books', reasonOption, 'by the command line')
      .addHelpText('after', '\nExample:\n  ./sapphire agents remove momentum --reason "worth nothing"'),
    async ({ journal, coordinator, user }, { reason, ...options }, agentId) => {
      const files = await (await journal()).guests.files();
      if (!files.some((file) => file.agentId === agentId)) {
        const names = files.map((file) => file.agentId).join(', ');
        throw new UserError(
          'AgentUnknown',
          `${agentId} is no rule that was added${names === '' ? '' : `; these are: ${names}`}.`,
        );
      }
      const change = await (await coordinator()).revoke({ requestId: randomUUID(), agentId, by: user, reason });
      forgetRule(rulesFolder(), agentId);
      print(change, options, () => `${agentId} is asked no more (participation ${change.version})`);
    },
  );
}
