import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { Command } from 'commander';
import type { OpenOrder, ResumeRequest, TradingControlState } from '../../../contracts/control.ts';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { TRADING_CONTROL_ID } from '../../../contracts/workflow-ids.ts';
import { type BreakGlassReport, breakGlass } from '../../break-glass.ts';
import { type StopReport, stopTrading } from '../../stop.ts';
import { action, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print, progress } from '../output.ts';

interface StopOptions extends OutputOptions {
  reason: string;
  by?: string;
  wait: number;
  flatten?: boolean;
  breakGlass?: boolean;
}

const STOP_HELP = `
Two words are reported: fenced, no opening order passes any more; quiet, nothing of ours is open at the exchange (asked twice).
Exit code 0 when fenced and quiet (with --flatten: and everything is sold but dust), 5 when fenced but not that, 1 when not fenced.

With every worker down, or without this program, the same stop is a signal that the Temporal server keeps until a worker runs:
  temporal workflow signal --namespace sapphire --workflow-id trading-control --name emergencyStop \\
    --input '{"reason": "prices look wrong", "by": "ann", "flatten": false}'
or in Temporal's Web UI: workflow trading-control, Send a Signal, name emergencyStop, the same input.
With Temporal down: sapphire stop --break-glass.

Examples:
  sapphire stop --reason "prices look wrong"
  sapphire stop --flatten --reason "out of the market"
  sapphire stop --break-glass --reason "Temporal is down"`;

async function stop(context: CliContext, options: StopOptions): Promise<number> {
  const { configuration, journal, temporal, trading, user } = context;
  if (options.breakGlass && options.flatten) {
    throw new UserError(
      'StopForm',
      '--break-glass cancels and sells nothing: use it alone, and "sapphire stop --flatten" once Temporal and the workers run.',
      ExitCode.usage,
    );
  }
  const request = {
    requestId: randomUUID(),
    account: configuration.account,
    reason: options.reason,
    by: options.by ?? user,
  };
  const onProgress = (message: string): void => {
    if (!options.json) progress(message);
  };
  const waitMs = options.wait * 1_000;
  if (options.breakGlass) {
    const report = await breakGlass(request, { journal, trading, onProgress }, waitMs);
    print(report, options, () => describeBreakGlass(report));
    return stopExitCode(report);
  }
  const flatten = options.flatten === true;
  const report = await stopTrading({ ...request, flatten }, { journal, temporal, onProgress }, waitMs);
  print(report, options, () => describeStop(report));
  const sold = !flatten || report.flattened?.held.length === 0;
  return stopExitCode({ fenced: report.fenced, quiet: report.quiet && sold });
}

/** A program that stops trading must be able to tell the three apart. */
export function stopExitCode({ fenced, quiet }: { fenced: boolean; quiet: boolean }): number {
  if (!fenced) return ExitCode.failure;
  return quiet ? ExitCode.ok : ExitCode.refused;
}

const orderWords = (orders: readonly OpenOrder[]): string =>
  orders.map(({ symbol, intentId }) => `${symbol} ${intentId}`).join(', ') || 'none';

function describeEnd({
  epoch,
  fenced,
  quiet,
  cancelled,
  remaining,
}: Pick<StopReport, 'epoch' | 'fenced' | 'quiet' | 'cancelled' | 'remaining'>): string[] {
  return [
    fenced ? `fenced at epoch ${epoch}: no opening order passes any more` : 'NOT FENCED: opening orders may still pass',
    quiet ? 'quiet: nothing of ours is open at the exchange' : 'not quiet: something may still be open at the exchange',
    `cancelled: ${orderWords(cancelled)}`,
    ...(remaining.length > 0 ? [`still open: ${orderWords(remaining)}`] : []),
  ];
}

function describeStop(report: StopReport): string {
  const { flattened, note } = report;
  const amounts = (list: readonly { symbol: string; quantity: string }[]): string =>
    list.map(({ symbol, quantity }) => `${quantity} ${symbol}`).join(', ') || 'nothing';
  return [
    ...describeEnd(report),
    ...(flattened
      ? [
          `sold: ${amounts(flattened.sold)}`,
          `dust: ${amounts(flattened.dust)}`,
          ...flattened.held.map(({ symbol, quantity, reason }) => `still held: ${quantity} ${symbol}, ${reason}`),
        ]
      : []),
    ...(note ? [note] : []),
  ].join('\n');
}

function describeBreakGlass(report: BreakGlassReport): string {
  return [
    ...describeEnd(report),
    ...report.failed.map(({ symbol, intentId, reason }) => `could not be settled: ${symbol} ${intentId}, ${reason}`),
    ...(report.unresolved.length > 0 ? [`end not known yet: ${report.unresolved.join(', ')}`] : []),
    ...(report.note ? [report.note] : []),
  ].join('\n');
}

export function registerControl(program: Command): void {
  action<StopOptions>(
    program
      .command('stop')
      .description('emergency stop: fence every opening order, cancel what is open, verify that nothing remains')
      .requiredOption('--reason <text>', 'kept in the books')
      .option('--by <name>', 'who stops; your user name without it')
      .option('--flatten', 'then sell everything that is held')
      .option('--break-glass', 'without Temporal and workers: fence in the journal, cancel at the exchange directly')
      .option('--wait <seconds>', 'how long to wait for quiet', wholeNumber('--wait', 0, 600), 30)
      .addHelpText('after', STOP_HELP),
    stop,
  );

  action<OutputOptions & { reason: string; by?: string }>(
    program
      .command('resume')
      .description('trade again after a stop; refused while books and exchange differ')
      .requiredOption('--reason <text>', 'kept in the books')
      .option('--by <name>', 'who resumes; your user name without it')
      .addHelpText('after', '\nExample:\n  sapphire resume --reason "feed is back"'),
    async ({ temporal, user }, options) => {
      const request: ResumeRequest = { reason: options.reason, by: options.by ?? user };
      const handle = (await temporal()).workflow.getHandle(TRADING_CONTROL_ID);
      // Trading control looks at the halt row again, which a stop may have raised while it was away.
      await handle.executeUpdate('settled');
      const state = await handle
        .executeUpdate<TradingControlState, [ResumeRequest]>('resume', { args: [request] })
        .catch((error: unknown) => {
          if (!(error instanceof WorkflowUpdateFailedError)) throw error;
          throw new UserError(
            'ResumeRefused',
            `Not resumed: ${error.cause?.message ?? error.message}.`,
            ExitCode.refused,
          );
        });
      print(state, options, () => `trading is active again at epoch ${state.epoch}`);
    },
  );
}
