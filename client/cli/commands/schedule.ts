import type { Command } from 'commander';
import {
  ensureSchedule,
  type ScheduleView,
  setInterval,
  switchSchedule,
  viewSchedule,
} from '../../controls/schedule.ts';
import { clock } from '../../views/cycle-view.ts';
import { action, reasonOption, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print } from '../output.ts';

function describe({ id, intervalSeconds, paused, note, nextAt }: ScheduleView): string {
  const next = paused ? `paused${note ? `: ${note}` : ''}` : `next at ${nextAt.map(clock).join(', ')}`;
  return `${id}: every ${intervalSeconds} s, ${next}`;
}

async function show({ temporal, configuration }: CliContext, options: OutputOptions): Promise<void> {
  const view = await viewSchedule(await temporal(), configuration.account);
  print(view, options, () => describe(view));
}

export function registerSchedule(program: Command): void {
  const schedule = program.command('schedule').description('when cycles run');

  action<OutputOptions>(schedule.command('show').description('interval, state, next times'), show);

  for (const verb of ['pause', 'resume'] as const) {
    action<OutputOptions & { reason: string }>(
      schedule
        .command(verb)
        .description(verb === 'pause' ? 'start no new cycles; running ones go on' : 'start cycles again')
        .option('--reason <text>', 'kept in the schedule', reasonOption, 'by the command line'),
      async (context, options) => {
        const { account } = context.configuration;
        const view = await switchSchedule(await context.temporal(), account, { verb, reason: options.reason });
        print(view, options, () => describe(view));
      },
    );
  }

  action<OutputOptions & { interval: number }>(
    schedule
      .command('set')
      .description('change the interval; makes the schedule if there is none')
      .requiredOption('--interval <seconds>', 'seconds between cycles', wholeNumber('--interval', 30, 86_400))
      .addHelpText('after', '\nExample:\n  ./sapphire schedule set --interval 300'),
    async (context, options) => {
      const client = await context.temporal();
      await ensureSchedule(client, context.configuration);
      await setInterval(client, context.configuration, options.interval);
      await show(context, options);
    },
  );
}
