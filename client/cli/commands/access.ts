import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import type { Command } from 'commander';
import { via } from '../../../contracts/audit.ts';
import { claimedName } from '../../../contracts/control.ts';
import { UserError } from '../../../contracts/errors.ts';
import { passFor, withServer } from '../../controls/temporal-arguments.ts';
import { codecFor } from '../../controls/temporal-codec.ts';
import { stackAccess } from '../../stack/connection.ts';
import { readProfile } from '../../stack/profile.ts';
import { temporalBinary } from '../../stack/temporal-binary.ts';
import { action, duration, nameOption, reasonOption } from '../command.ts';
import { type OutputOptions, print, progress, reportError } from '../output.ts';
import { takeWhatRuns } from '../what-runs.ts';

const LONGEST_MS = 24 * 3_600_000;

const ALLOW_HELP = `
Where foreign starts are refused (always in live mode, on paper with access.foreignStarts: refuse) a trading cycle that is started in Temporal's
Web UI, or by its bare command line, gets nothing done. Within the time that is allowed here it is one like any other. Nothing else is allowed by it.

Examples:
  ./sapphire allow-ui --for 15m --reason "looking at single cycles"
  ./sapphire temporal workflow start --type tradingCycle --task-queue cycles --workflow-id by-hand-1 --input '{}'`;

const TEMPORAL_HELP = `
Runs Temporal's own command line on this system's server and namespace, with the pass of this installation on what it starts and updates. Where
payloads are encrypted it decodes what is shown. The exit code is the program's own.

Examples:
  ./sapphire temporal workflow list
  ./sapphire temporal workflow start --type tradingCycle --task-queue cycles --workflow-id by-hand-1 --input '{}'`;

export function registerAccess(program: Command): void {
  action<OutputOptions & { for: number; reason: string; by?: string }>(
    program
      .command('allow-ui')
      .description("allow cycles to be started in Temporal's Web UI or by its bare command line, for a while")
      .requiredOption('--for <time>', 'for how long, at most 24h', duration('--for'))
      .requiredOption('--reason <text>', 'kept in the books', reasonOption)
      .option('--by <name>', 'who allows it; your user name without it', nameOption)
      .addHelpText('after', ALLOW_HELP),
    async ({ configuration: { account }, journal, user }, options) => {
      if (options.for > LONGEST_MS) throw new UserError('TooLong', '--for is at most 24h.');
      const from = Date.now();
      const until = from + options.for;
      const { reason } = options;
      const by = claimedName(options.by ?? user);
      await (await journal()).control.allowStarts({
        requestId: randomUUID(),
        account,
        from,
        until,
        reason,
        by,
        via: via.os(user),
      });
      print({ account, from, until, reason, by }, options, () => [
        `cycles may be started by hand until ${new Date(until).toISOString()}`,
      ]);
    },
  );

  program
    .command('temporal')
    .description("Temporal's own command line, on this system's server and with this installation's pass")
    .argument('[arguments...]', 'as the program takes them')
    .helpOption('--help', 'this help; the program’s own with: ./sapphire temporal help')
    .option('--json', 'the program’s own --output json')
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText('after', TEMPORAL_HELP)
    .action(async (words: string[], { json }: { json?: boolean }, command: Command) => {
      if (words.length === 0) command.help();
      try {
        takeWhatRuns('asks');
        process.exitCode = await runTemporal([...words, ...(json ? ['--output', 'json'] : [])]);
      } catch (error) {
        process.exitCode = reportError(error, { json: json === true });
      }
    });
}

/** @returns the program's own exit code */
async function runTemporal(given: readonly string[]): Promise<number> {
  const { knownSecrets } = await import('../../../runtime/configuration/secrets.ts');
  const { guardSecret, payloadKeys } = knownSecrets();
  const pass = passFor(given, guardSecret);
  const profile = readProfile();
  const binary = await temporalBinary(profile.temporal, {
    onProgress: progress,
    signal: new AbortController().signal,
  });
  const codec = await codecFor(given, payloadKeys);
  try {
    const child = spawn(binary, withServer([...given, ...pass], stackAccess(profile)), {
      stdio: 'inherit',
      env: codec.environment,
    });
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } finally {
    await codec.close();
  }
}
