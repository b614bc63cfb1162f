import type { Command } from 'commander';
import type { CycleRecord } from '../../../contracts/cycle.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import { runCycle } from '../../controls/cycle.ts';
import { describeTrail } from '../../views/cycle-trail.ts';
import { clock, viewCycle } from '../../views/cycle-view.ts';
import { findCycle, listCycles, type PastCycle, type PastCycles } from '../../views/past-cycles.ts';
import { action, day, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print, progress } from '../output.ts';
import { table } from '../table.ts';
import { state } from '../tones.ts';

const DAY_MS = 86_400_000;

export function registerCycles(program: Command): void {
  const cycle = program.command('cycle').description('run trading cycles and look at past ones');

  action<OutputOptions & { symbols?: string }>(
    cycle
      .command('run')
      .description('run one cycle now and wait for its end')
      .option('--symbols <list>', 'trade only these of the configured symbols, e.g. BTC/USDT,ETH/USDT')
      .addHelpText('after', '\nExample:\n  ./sapphire cycle run --symbols BTC/USDT --json'),
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

  action<OutputOptions & { limit: number; since?: number; until?: number }>(
    cycle
      .command('list')
      .description('the last cycles, newest first; with --since of any age')
      .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 1_000), 20)
      .option('--since <day>', 'from this day on, UTC', day)
      .option('--until <day>', 'up to this day, UTC', day)
      .addHelpText('after', '\nExample:\n  ./sapphire cycle list --since 2026-01-05 --until 2026-01-05 --limit 1000'),
    async (context, { limit, since, until, ...options }) => {
      const { account } = context.configuration;
      const within = { since: since ?? 0, until: until === undefined ? Date.now() + DAY_MS : until + DAY_MS, limit };
      const past =
        since === undefined && until === undefined
          ? (await (await context.journal()).cycles.list(account, limit)).map(ofJournal)
          : await listCycles(await pastOf(context), account, within);
      print(
        past.map(({ record, source }) => ({ ...viewCycle(record), source })),
        options,
        () =>
          table(
            [{ title: 'finished', least: 1 }, 'outcome', 'id', { title: 'read from', least: 2 }, 'summary'],
            past.map(({ record, source }) => [
              clock(record.finishedAt),
              state(record.outcome),
              record.cycleId,
              source,
              record.summary,
            ]),
          ),
      );
    },
  );

  action<OutputOptions, [string]>(
    cycle
      .command('show')
      .argument('<id>', 'cycle id, as "cycle list" prints it')
      .description(
        'the decision trail of one cycle, of whatever age: market, signals, consensus, limits, orders, fills',
      )
      .addHelpText('after', '\nExample:\n  ./sapphire cycle show cycle/main-2026-01-05T10:00:00Z'),
    async (context, options, id) => {
      const { record, source } = await findCycle(await pastOf(context), tagged(id));
      const from = source === 'journal' ? [] : ['Read from the warehouse, where it moved when it was old.'];
      print({ ...record, source }, options, () => [...describeTrail(record), ...from]);
    },
  );
}

const ofJournal = (record: CycleRecord): PastCycle => ({ record, source: 'journal' });

export async function pastOf(context: CliContext): Promise<PastCycles> {
  return { journal: await context.journal(), warehouse: async () => (await context.warehouse()).warehouse };
}
