import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { DEMO_RECORD } from '../../../contracts/demo.ts';
import { UserError } from '../../../contracts/errors.ts';
import { unknownName } from '../../../contracts/near-names.ts';
import { type Period, periods } from '../../../domain/statistics/periods.ts';
import { cellText } from '../../../stores/warehouse/pages/format.ts';
import { makePage, pageName } from '../../../stores/warehouse/pages/make.ts';
import { type ReportRows, reports } from '../../../stores/warehouse/reports/index.ts';
import { missingLine } from '../../../stores/warehouse/segments/gaps.ts';
import { viewReport } from '../../views/report-view.ts';
import { action, day, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { heading, type Lines, type OutputOptions, print, progress } from '../output.ts';
import { table } from '../table.ts';

const KEPT_COLUMNS = 2;

function linesOf({ report, rows }: ReportRows): Lines {
  // What matters most stands first: on a narrow terminal the last ones are left out.
  const head = report.columns.map(({ title }, place) => (place < KEPT_COLUMNS ? title : { title, least: place }));
  const lines = rows.map((row) => report.columns.map(({ name, unit }) => cellText(unit, row[name] ?? null)));
  return [report.title, lines.length === 0 ? 'nothing in this time' : table(head, lines)];
}

function isPeriod(name: string): name is Period {
  return (periods as readonly string[]).includes(name);
}

interface Options extends OutputOptions {
  from?: number;
  to?: number;
  days: number;
  date?: number;
  out?: string;
}

async function show(context: CliContext, options: Options, name: string | undefined): Promise<void> {
  if (name === undefined) return list(options);
  if (isPeriod(name)) return showPeriod(context, options, name);
  const report = reports.find((each) => each.name === name);
  if (!report) {
    const names = [...periods, ...reports.map((each) => each.name)];
    throw new UserError('NoSuchReport', `${unknownName('report', name, names)}.`);
  }
  if (options.out !== undefined) {
    throw new UserError('NoPage', `--out writes a page of daily, weekly or monthly; for "${name}" use --json.`);
  }
  const view = await viewReport(await context.warehouse(), report, options);
  print(view, options, () => [...view.missing.map(missingLine), linesOf({ report, rows: view.rows })]);
}

async function showPeriod(
  { configuration, warehouse: open }: CliContext,
  options: Options,
  period: Period,
): Promise<void> {
  const { warehouse, feeds } = await open();
  const page = await makePage(warehouse, feeds, configuration, { period, at: options.date ?? warehouse.now() });
  const { range, missing, reports: done } = page;
  if (options.out === undefined) {
    const rows = Object.fromEntries(done.map((each) => [each.report.name, each.rows]));
    print({ period, ...range, missing, reports: rows }, options, () => [
      page.title,
      ...(page.demo ? [DEMO_RECORD] : []),
      ...missing.map(missingLine),
      ...done.map((each) => ['', linesOf(each)]),
    ]);
    return;
  }
  progress(`${heading(configuration.mode, configuration.demo).trim()}: drawing ${page.title}`);
  const { pageHtml } = await import('../../../stores/warehouse/pages/page.ts');
  const wanted = resolve(options.out);
  const isFolder = await stat(wanted).then(
    (found) => found.isDirectory(),
    () => !wanted.endsWith('.html'),
  );
  const file = isFolder ? join(wanted, pageName(page, period)) : wanted;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, pageHtml(page));
  print({ period, ...range, missing, file }, options, () => [...missing.map(missingLine), file]);
}

/** One line each. */
function list(options: OutputOptions): void {
  const rows = reports.map(({ name, title }) => ({ name, title }));
  print(rows, options, () => [
    table(
      ['report', 'what it says'],
      [...rows.map(({ name, title }) => [name, title]), [periods.join(', '), 'all of them for one day, week or month']],
    ),
    '',
    './sapphire report NAME shows one; ./sapphire report list says what their figures mean.',
  ]);
}

export function registerReport(program: Command): void {
  const report = program
    .command('report')
    .description('what the events of the past say: profit, agents, costs, fills, incidents');

  action<OutputOptions>(
    report.command('list').description('every report, with what its figures mean'),
    async (_context, options) => {
      const rows = reports.map(({ name, title, description, columns }) => ({ name, title, description, columns }));
      print(rows, options, () => [
        ...rows.map(({ name, title, description }) => [name, `    ${title}. ${description}`]),
        'daily, weekly, monthly',
        '    All of them for one day, week or month; with --out as a page with charts.',
      ]);
    },
  );

  action<Options, [string?]>(
    report
      .command('show [name]', { isDefault: true })
      .description('one report as a table, or all of a day, week or month; without a name, which there are')
      .option('--days <n>', 'so many days up to today, or up to --to', wholeNumber('--days', 1, 36_500), 30)
      .option('--from <day>', 'first day, UTC', day)
      .option('--to <day>', 'last day, UTC', day)
      .addOption(new Option('--date <day>', 'a day of the period; today without').argParser(day))
      .option('--out <file>', 'write a page (HTML) to this file or folder: daily, weekly, monthly')
      .addHelpText(
        'after',
        `
Examples:
  ./sapphire report list
  ./sapphire report pnl-days --days 7
  ./sapphire report agents --from 2026-11-01 --to 2026-11-30 --json
  ./sapphire report daily --date 2026-11-22 --out reports/`,
      ),
    show,
  );
}
