import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { Command } from 'commander';
import type { EmergencyStop, ResumeRequest, TradingControlState } from '../../../contracts/control.ts';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { TaskQueue } from '../../../contracts/task-queues.ts';
import { TRADING_CONTROL_ID } from '../../../contracts/workflow-ids.ts';
import { action, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print, progress } from '../output.ts';

const POLL_MS = 200;

interface StopReport {
  requestId: string;
  epoch: number;
  fenced: boolean;
  quiet: boolean;
  cancelled: TradingControlState['cancelled'];
  remaining: TradingControlState['remaining'];
  note: string;
}

/** The halt row first, which is the fence and needs no Temporal; then the signal, which cancels and verifies. */
async function stop(
  { configuration, journal, temporal, user }: CliContext,
  reason: string,
  waitSeconds: number,
): Promise<StopReport> {
  const requestId = randomUUID();
  const { account } = configuration;
  const { epoch } = await (await journal()).control.raiseHalt({ requestId, account, reason, by: user });
  const report: StopReport = { requestId, epoch, fenced: true, quiet: false, cancelled: [], remaining: [], note: '' };
  try {
    const client = await temporal();
    const request: EmergencyStop = { requestId, reason, by: user };
    const handle = await client.workflow.signalWithStart('tradingControl', {
      workflowId: TRADING_CONTROL_ID,
      taskQueue: TaskQueue.operations,
      args: [{ account }],
      signal: 'emergencyStop',
      signalArgs: [request],
    });
    const until = Date.now() + waitSeconds * 1_000;
    while (Date.now() < until) {
      const state = await handle.query<TradingControlState>('state').catch(() => undefined);
      if (state && state.epoch >= epoch) {
        Object.assign(report, { quiet: state.quiet, cancelled: state.cancelled, remaining: state.remaining });
        if (state.quiet) return report;
      }
      await sleep(POLL_MS);
    }
    return { ...report, note: `not quiet after ${waitSeconds} s: the stop goes on; "sapphire status" shows it` };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      ...report,
      note: `${error.message} What is open at the exchange stays open until it runs.`,
    };
  }
}

function describeStop({ epoch, quiet, cancelled, remaining, note }: StopReport): string {
  const orders = (list: StopReport['cancelled']): string =>
    list.map(({ symbol, intentId }) => `${symbol} ${intentId}`).join(', ') || 'none';
  return [
    `fenced at epoch ${epoch}: no opening order passes any more`,
    quiet ? 'quiet: nothing of ours is open at the exchange' : `not quiet yet. ${note}`,
    `cancelled: ${orders(cancelled)}`,
    ...(remaining.length > 0 ? [`still open: ${orders(remaining)}`] : []),
  ].join('\n');
}

export function registerControl(program: Command): void {
  action<OutputOptions & { reason: string; wait: number }>(
    program
      .command('stop')
      .description('emergency stop: fence every opening order, cancel what is open, verify that nothing remains')
      .requiredOption('--reason <text>', 'kept in the books')
      .option('--wait <seconds>', 'how long to wait for quiet', wholeNumber('--wait', 0, 600), 30)
      .addHelpText(
        'after',
        '\nExit code 0 when fenced and quiet, 6 when fenced but not quiet yet.\n\nExample:\n  sapphire stop --reason "prices look wrong"',
      ),
    async (context, options) => {
      if (!options.json) progress('stopping …');
      const report = await stop(context, options.reason, options.wait);
      print(report, options, () => describeStop(report));
      return report.quiet ? ExitCode.ok : ExitCode.unhealthy;
    },
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
