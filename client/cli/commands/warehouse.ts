import type { Command } from 'commander';
import { via } from '../../../contracts/audit.ts';
import { UserError } from '../../../contracts/errors.ts';
import { loadSegments } from '../../../stores/warehouse/load.ts';
import type { CloudWarehouse, Gap } from '../../../stores/warehouse/port.ts';
import { exportEvents } from '../../../stores/warehouse/segments/export.ts';
import { findGaps, skipGaps } from '../../../stores/warehouse/segments/gaps.ts';
import { currentManifest } from '../../../stores/warehouse/warehouse.ts';
import { clock } from '../../views/cycle-view.ts';
import { action, reasonOption } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print, progress } from '../output.ts';
import { table } from '../table.ts';

async function status({ warehouse: open }: CliContext, options: OutputOptions): Promise<void> {
  const { warehouse, feeds } = await open();
  const { cursors, segments, committedAt, number, gaps = [] } = await currentManifest(warehouse);
  const sources = await Promise.all(
    feeds.map(async (feed) => {
      const oldest = await feed.oldestAfter(cursors[feed.source]);
      return {
        source: feed.source,
        exported: cursors[feed.source],
        last: await feed.lastSequence(),
        lagMs: oldest === undefined ? 0 : Math.max(0, warehouse.now() - oldest),
      };
    }),
  );
  const tables = [...Map.groupBy(segments, (segment) => segment.table)].map(([name, part]) => ({
    table: name,
    segments: part.length,
    rows: part.reduce((total, { rows }) => total + rows, 0),
    bytes: part.reduce((total, { bytes }) => total + bytes, 0),
    loaded: part.filter(({ loadedTo }) => loadedTo !== undefined).length,
  }));
  print({ folder: warehouse.folder, commit: number, committedAt, sources, tables, gaps }, options, () => [
    `${warehouse.folder}, commit ${number}${number === 0 ? '' : ` at ${clock(committedAt)}`}`,
    '',
    table(
      ['source', 'exported', 'newest', 'oldest that waits'],
      sources.map(({ source, exported, last, lagMs }) => [
        source,
        String(exported),
        String(last),
        lagMs === 0 ? 'none' : `${(lagMs / 1_000).toFixed(0)} s old`,
      ]),
    ),
    '',
    table(
      ['table', 'rows', 'segments', 'in the cloud', 'kB'],
      tables.map((each) => [
        each.table,
        String(each.rows),
        String(each.segments),
        String(each.loaded),
        (each.bytes / 1_000).toFixed(1),
      ]),
    ),
    ...(gaps.length > 0 ? ['', 'missing, which was skipped', ...gaps.map((gap) => `  ${gapLine(gap)}`)] : []),
  ]);
}

/** Loads the cloud's client at its first use: most installations have none. */
async function cloudOf({ configuration }: CliContext): Promise<CloudWarehouse> {
  const { mode, retention, warehouse } = configuration;
  if (!warehouse.bigquery) {
    throw new UserError(
      'NoCloudWarehouse',
      'No cloud warehouse is configured: set warehouse.bigquery.project in trading.yml. docs/bigquery.md says how.',
    );
  }
  const { openBigQueryWarehouse } = await import('../../../stores/warehouse/bigquery/warehouse.ts');
  return openBigQueryWarehouse(warehouse.bigquery, { mode, retention });
}

async function migrate(context: CliContext, options: OutputOptions): Promise<void> {
  const cloud = await cloudOf(context);
  progress(`Bringing ${cloud.name} up to date`);
  const done = await cloud.migrate();
  print({ dataset: cloud.name, done }, options, () => (done.length === 0 ? `${cloud.name}: nothing to do` : done));
}

async function load(context: CliContext, options: OutputOptions): Promise<void> {
  const cloud = await cloudOf(context);
  const { warehouse } = await context.warehouse();
  progress(`Loading what ${cloud.name} has not got`);
  const report = await loadSegments(warehouse, cloud, { all: true });
  print(report, options, () => `${report.loaded} segments, ${report.rows} rows`);
}

interface SkipOptions extends OutputOptions {
  yes?: boolean;
  reason: string;
}

function gapLine({ source, from, to, since, until }: Gap): string {
  const after = since === null ? 'from the beginning' : `from ${clock(since)}`;
  return `${source}: events ${from} to ${to}, ${after} ${until === null ? 'until now' : `until ${clock(until)}`}`;
}

async function skip(context: CliContext, { yes = false, reason, ...options }: SkipOptions): Promise<void> {
  const { warehouse, feeds } = await context.warehouse();
  const gaps = await findGaps(warehouse, feeds);
  if (yes && gaps.length > 0) {
    // Told first: what is skipped without a word would never be missed.
    const { outbox } = await context.journal();
    await outbox.append([
      {
        eventId: `deleted/skipped/${gaps.map(({ source, to }) => `${source}-${to}`).join('-')}`,
        kind: 'data.deleted',
        payload: { by: context.user, via: via.os(context.user), reason, folder: warehouse.folder, gaps },
      },
    ]);
    await skipGaps(warehouse, feeds);
  }
  print({ folder: warehouse.folder, skipped: yes, gaps }, options, () =>
    gaps.length === 0
      ? 'nothing is missing: the next export goes on'
      : [
          yes ? 'The warehouse goes on without' : 'The warehouse would go on without',
          ...gaps.map((gap) => `  ${gapLine(gap)}`),
          yes
            ? 'The next export goes on behind them; what it has stays.'
            : 'They are nowhere else but in a backup of the warehouse. With --yes it goes on without them.',
        ],
  );
}

export function registerWarehouse(program: Command): void {
  const command = program
    .command('warehouse')
    .description('the history of all events: where it stands, what is to come');

  action<OutputOptions>(
    command
      .command('status')
      .description('what is exported, what waits, how much each table holds')
      .addHelpText('after', '\nExample:\n  ./sapphire warehouse status --json'),
    status,
  );

  action<OutputOptions>(
    command
      .command('export')
      .description('export now what waits; the schedule does it every minute')
      .addHelpText('after', '\nExample:\n  ./sapphire warehouse export'),
    async ({ warehouse: open }, options) => {
      const { warehouse, feeds } = await open();
      const report = await exportEvents(warehouse, feeds, {
        onBatch: ({ events, rows }) => progress(`${events} events, ${rows} rows`),
      });
      print(report, options, () => `${report.events} events, ${report.rows} rows in ${report.segments} segments`);
    },
  );

  action<SkipOptions>(
    command
      .command('skip')
      .description('let a warehouse go on that has missed events which are deleted by now (WarehouseBehind)')
      .option('--yes', 'have it done; without, only what would be missing is said')
      .option('--reason <text>', 'for the audit trail', reasonOption, 'events are missing')
      .addHelpText('after', '\nExample:\n  ./sapphire warehouse skip --yes --reason "the old disk is gone"'),
    skip,
  );

  action<OutputOptions>(
    command
      .command('migrate')
      .description('make or bring up to date the tables in BigQuery: columns, views, access, expiration')
      .addHelpText('after', '\nExample:\n  ./sapphire warehouse migrate'),
    migrate,
  );

  action<OutputOptions>(
    command
      .command('load')
      .description('load into BigQuery now what it has not got; the schedule does it after each export')
      .addHelpText('after', '\nExample:\n  ./sapphire warehouse load'),
    load,
  );
}
