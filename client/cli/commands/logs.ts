import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { UserError } from '../../../contracts/errors.ts';
import { dataFolder } from '../../../runtime/configuration/folders.ts';
import {
  createLogReader,
  isNamed,
  type LogLevel,
  type LogQuery,
  lineText,
  logLevels,
  readLogs,
} from '../../views/logs.ts';
import { action, duration } from '../command.ts';
import { type OutputOptions, print, show } from '../output.ts';

interface LogOptions extends OutputOptions {
  correlation?: string;
  process?: string;
  level?: LogLevel;
  since?: number;
  follow?: boolean;
}

const SINCE_MS = 15 * 60_000;
const LOOK_AGAIN_MS = 500;

export function registerLogs(program: Command): void {
  action<LogOptions>(
    program
      .command('logs')
      .description('what the processes of this machine logged, merged in the order of time')
      .option(
        '--correlation <id>',
        'only what belongs to this id, e.g. a cycle: from the tick of its schedule to its fills',
      )
      .option('--process <name>', 'only this one, e.g. workers/execution')
      .addOption(new Option('--level <level>', 'this level and above').choices([...logLevels]))
      .option(
        '--since <age>',
        'not older, e.g. 30m, 2h, 1d; without --correlation the default is 15m',
        duration('--since'),
      )
      .option(
        '--follow',
        'what is logged from now on, after what --since asks for, until Ctrl-C; with --json a line each',
      )
      .addHelpText(
        'after',
        '\nLogs lie below logs/ in the data folder; each is rotated at 20 MB or after a day, five old ones are kept, for 14 days.\n\nExamples:\n  ./sapphire logs --level warn\n  ./sapphire logs --follow --process workers/execution\n  ./sapphire logs --correlation "$(./sapphire cycle list --json | jq -r .[0].id)"',
      ),
    async (_context, { correlation, process, level, since, follow, ...options }) => {
      const folder = join(dataFolder(), 'logs');
      if (follow) await followLogs(folder, { correlation, process, level, since: Date.now() - (since ?? 0) }, options);
      const sinceMs = since ?? (correlation === undefined ? SINCE_MS : undefined);
      const lines = await readLogs(folder, {
        correlation,
        process,
        level,
        since: sinceMs === undefined ? undefined : Date.now() - sinceMs,
      });
      if (lines.length === 0 && correlation !== undefined && !(await isNamed(folder, correlation))) {
        throw new UserError(
          'NoSuchCorrelation',
          `No log of this machine names ${correlation}: "./sapphire cycle list" has the ids; the logs of other machines lie there.`,
        );
      }
      print(lines, options, () => (lines.length > 0 ? lines.map(lineText) : 'none'));
    },
  );
}

/** Never ends by itself. */
async function followLogs(folder: string, query: LogQuery, options: OutputOptions): Promise<never> {
  const reader = createLogReader(folder);
  if (!options.json) print([], options, () => []);
  for (;;) {
    for (const line of await reader.next(query)) {
      if (options.json) print(line, options, () => []);
      else show(lineText(line), options);
    }
    await sleep(LOOK_AGAIN_MS);
  }
}
