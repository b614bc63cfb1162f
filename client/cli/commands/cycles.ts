import { type Client, WorkflowFailedError } from '@temporalio/client';
import type { Command } from 'commander';
import type { Configuration } from '../../../contracts/config/schema.ts';
import type { CycleSummary, TradingCycleInput } from '../../../contracts/cycle.ts';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { searchAttributes } from '../../../contracts/search-attributes.ts';
import { TaskQueue } from '../../../contracts/task-queues.ts';
import { manualCycleId } from '../../../contracts/workflow-ids.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import { cycleAttributes } from '../../controls/schedule.ts';
import { describeTrail } from '../../views/cycle-trail.ts';
import { clock, viewCycle } from '../../views/cycle-view.ts';
import { action, wholeNumber } from '../command.ts';
import { type OutputOptions, print, progress, table } from '../output.ts';

export async function runCycle(
  client: Client,
  { account, cycle, mode }: Configuration,
  input: TradingCycleInput,
): Promise<CycleSummary> {
  const workflowId = manualCycleId(account, Date.now());
  try {
    return await client.workflow.execute('tradingCycle', {
      workflowId,
      taskQueue: TaskQueue.cycles,
      args: [input],
      workflowExecutionTimeout: cycle.intervalSeconds * 2_000,
      workflowTaskTimeout: '3s',
      staticSummary: `trading cycle of ${account} (${mode}), by hand`,
      typedSearchAttributes: [
        ...cycleAttributes({ account, mode }),
        { key: searchAttributes.cycleId, value: workflowId },
      ],
    });
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    throw new UserError('CycleFailed', `Cycle ${workflowId} failed: ${error.cause?.message ?? error.message}`);
  }
}

export function registerCycles(program: Command): void {
  const cycle = program.command('cycle').description('run trading cycles and look at past ones');

  action<OutputOptions & { symbols?: string }>(
    cycle
      .command('run')
      .description('run one cycle now and wait for its end')
      .option('--symbols <list>', 'trade only these of the configured symbols, e.g. BTC/USDT,ETH/USDT')
      .addHelpText('after', '\nExample:\n  sapphire cycle run --symbols BTC/USDT --json'),
    async ({ configuration, temporal, journal }, options) => {
      const symbols = options.symbols?.split(',').map((symbol) => symbol.trim());
      const client = await temporal();
      if (!options.json) progress('running one cycle …');
      const { cycleId, outcome, summary } = await runCycle(client, configuration, symbols ? { symbols } : {});
      const record = await (await journal()).cycles.find(cycleId);
      print(record ? viewCycle(record) : { id: cycleId, outcome, summary }, options, () =>
        record ? describeTrail(record) : summary,
      );
    },
  );

  action<OutputOptions & { limit: number }>(
    cycle
      .command('list')
      .description('the last cycles, newest first')
      .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 1_000), 20),
    async ({ configuration, journal }, options) => {
      const cycles = (await (await journal()).cycles.list(configuration.account, options.limit)).map(viewCycle);
      print(cycles, options, () =>
        table(
          ['finished', 'outcome', 'id', 'summary'],
          cycles.map((view) => [clock(view.startedAt + view.durationMs), view.outcome, view.id, view.summary]),
        ),
      );
    },
  );

  action<OutputOptions, [string]>(
    cycle
      .command('show')
      .argument('<id>', 'cycle id, as "cycle list" prints it')
      .description('the decision trail of one cycle: market, signals, consensus, limits, orders, fills')
      .addHelpText('after', '\nExample:\n  sapphire cycle show cycle/main-2026-01-05T10:00:00Z'),
    async ({ journal }, options, id) => {
      const record = await (await journal()).cycles.find(tagged(id));
      if (!record) {
        throw new UserError(
          'CycleUnknown',
          `No finished cycle has the id ${id}. "sapphire cycle list" shows the last ones.`,
          ExitCode.failure,
        );
      }
      print(record, options, () => describeTrail(record));
    },
  );
}
