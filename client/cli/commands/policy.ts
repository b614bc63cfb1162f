import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { policyText } from '../../controls/policy-settings.ts';
import { clock } from '../../views/cycle-view.ts';
import { viewPolicy } from '../../views/policy-view.ts';
import { action, reasonOption, wholeNumber } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';

export function registerPolicy(program: Command): void {
  const policy = program.command('policy').description('how the agents’ signals become a consensus');

  action<OutputOptions>(
    policy
      .command('show')
      .description('the policy in force, and who changed it last')
      .addHelpText('after', '\nExample:\n  ./sapphire policy show --json'),
    async ({ configuration: { account }, journal }, options) => {
      const view = await viewPolicy(await journal(), account);
      const { version, lastChange: last, policy: settings } = view;
      print(view, options, () => [
        `policy version ${version}${last ? `, changed ${clock(last.changedAt)} by ${last.by}: ${last.reason}` : ''}`,
        table(
          ['setting', 'value'],
          policyText.keys.map((key) => [key, String(settings[key])]),
        ),
      ]);
    },
  );

  action<OutputOptions & { reason: string }, [string[]]>(
    policy
      .command('set')
      .argument('<settings...>', 'KEY=VALUE, e.g. minConviction=0.2; "policy show" lists the keys')
      .description('change the policy from the next cycle on; kept until the configuration file changes it')
      .requiredOption('--reason <text>', 'kept in the books', reasonOption)
      .addHelpText(
        'after',
        '\nExamples:\n  ./sapphire policy set quorumCount=3 minConviction=0.2 --reason "quiet market"\n  ./sapphire policy set requiredGroups=forecasters,strategies --reason "no trade on words alone"',
      ),
    async ({ coordinator, user }, options, texts) => {
      const change = await (await coordinator()).setPolicy({
        requestId: randomUUID(),
        settings: policyText.parse(texts),
        by: user,
        reason: options.reason,
      });
      const changed = policyText.changed(change);
      print({ ...change, changed }, options, () => [
        `policy version ${change.version}, from the next cycle on`,
        table(
          ['setting', 'before', 'after'],
          changed.map(({ key, before, after }) => [key, before, after]),
        ),
      ]);
    },
  );

  action<OutputOptions & { limit: number }>(
    policy
      .command('history')
      .description('changes of the policy, newest first')
      .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 1_000), 20),
    async ({ configuration: { account }, journal }, options) => {
      const changes = await (await journal()).policy.changes(account, options.limit);
      print(changes, options, () =>
        table(
          ['changed', { title: 'version', least: 2 }, { title: 'by', least: 1 }, 'what', 'reason'],
          changes.map((change) => [
            clock(change.changedAt),
            String(change.version),
            change.by,
            policyText
              .changed(change)
              .map(({ key, before, after }) => `${key} ${before} → ${after}`)
              .join(', ') || 'nothing differs',
            change.reason,
          ]),
        ),
      );
    },
  );
}
