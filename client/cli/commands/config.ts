import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../../contracts/errors.ts';
import { configurationFile, loadConfiguration, readYaml } from '../../../runtime/configuration/load.ts';
import { knownSecrets } from '../../../runtime/configuration/secrets.ts';
import { temporalAccess } from '../../../runtime/configuration/temporal.ts';
import { variables } from '../../../runtime/configuration/variables.ts';
import { profileFile, readProfile } from '../../stack/profile.ts';
import { defaultsYaml } from '../../views/configuration-defaults.ts';
import { configurationPage } from '../../views/configuration-page.ts';
import { viewConfiguration } from '../../views/configuration-view.ts';
import { action, withoutContext } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';

/** Each of them says all of its faults at once. */
function checksOf(file: string | undefined): { of: string; check: () => unknown }[] {
  if (file === undefined) {
    return [
      { of: configurationFile(), check: () => loadConfiguration() },
      { of: profileFile(), check: () => readProfile() },
      { of: 'the environment', check: () => [knownSecrets(), temporalAccess()] },
    ];
  }
  const path = resolve(file);
  const isStack = existsSync(path) && Object.hasOwn(Object(readYaml(path)), 'temporal');
  return [{ of: path, check: () => (isStack ? readProfile(path) : loadConfiguration(path)) }];
}

function check(options: OutputOptions, file: string | undefined): void {
  const checks = checksOf(file);
  const faults = checks.flatMap((one) => faultOf(one.check));
  const [first] = faults;
  if (first)
    throw faults.length === 1
      ? first
      : new UserError('ConfigurationInvalid', faults.map(({ message }) => message).join(' '));
  print({ checked: checks.map(({ of }) => of) }, options, () => checks.map(({ of }) => `${of} is in order`));
}

function faultOf(look: () => unknown): UserError[] {
  try {
    look();
    return [];
  } catch (error) {
    if (error instanceof UserError) return [error];
    throw error;
  }
}

export function registerConfig(program: Command): void {
  const config = program
    .command('config')
    .description('what is configured, whether it is in order, and what there is to configure');

  action<OutputOptions>(
    config
      .command('show')
      .description(
        'what holds now, and whether it is a default, of a file or of the environment; secrets are not shown',
      )
      .addHelpText('after', '\nExamples:\n  ./sapphire config show\n  ./sapphire config show --json'),
    async ({ configuration }, options) => {
      const files = { trading: configurationFile(), stack: profileFile() };
      const settings = viewConfiguration({
        effective: { trading: configuration, stack: readProfile() },
        written: { trading: readYaml(files.trading), stack: readYaml(files.stack) },
        files,
        environment: process.env,
        variables,
      });
      print(settings, options, () =>
        table(
          ['key', 'value', 'from'],
          settings.map(({ name, value, from }) => [
            name,
            typeof value === 'string' ? value : JSON.stringify(value),
            from,
          ]),
        ),
      );
    },
  );

  withoutContext<OutputOptions, [string?]>(
    config
      .command('check [file]')
      .description('every fault of both files and of the environment, or of one file; exit code 3 where there is one')
      .addHelpText('after', '\nExamples:\n  ./sapphire config check\n  ./sapphire config check ~/trading.yml'),
    check,
  );

  withoutContext(
    config
      .command('defaults')
      .description('a trading.yml that says what holds without one, each key with what it means')
      .addHelpText('after', '\nExample:\n  ./sapphire config defaults'),
    (options) => printText(defaultsYaml(), options),
  );

  withoutContext(
    config
      .command('reference')
      .description('every key and variable, as docs/configuration.md has them')
      .addHelpText('after', '\nExample:\n  ./sapphire config reference'),
    (options) => printText(configurationPage(), options),
  );
}

/** To be put into a file, as it stands. */
function printText(text: string, options: OutputOptions): void {
  print({ text }, options, () => text.split('\n').slice(0, -1));
}
