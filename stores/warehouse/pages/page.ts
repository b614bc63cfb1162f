import { DEMO_RECORD, paperLabel } from '../../../contracts/demo.ts';
import { oneLine } from '../../../contracts/text.ts';
import type { Mode } from '../../../domain/market/market.ts';
import { decimal, sum, text } from '../../../domain/money/money.ts';
import type { Cell, ReportRows } from '../reports/index.ts';
import type { Range } from '../reports/query.ts';
import { type Missing, missingLine } from '../segments/gaps.ts';
import { chartSvg } from './chart.ts';
import { cellText, isFigure } from './format.ts';

export interface ReportPage {
  title: string;
  range: Range;
  mode: Mode;
  /** Agents are taken at their word. */
  demo: boolean;
  account: string;
  currency: string;
  madeAt: number;
  /** What the figures leave out, since the warehouse has not got it. */
  missing: readonly Missing[];
  reports: readonly ReportRows[];
}

/** As many as a month has days. */
const MOST_ROWS = 31;

const style = `
:root { color-scheme: light dark; --ink: #1b2430; --faint: #6b7684; --line: #d9dee5; --tile: #f4f6f9; --page: #fff; --live: #c22; --paper: #2f7bd6 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --faint: #93a0af; --line: #2c3642; --tile: #1a212a; --page: #11161c } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { margin: 0 } h2 { margin: 2.5rem 0 .25rem } p { color: var(--faint); margin: .25rem 0 1rem; max-width: 48rem }
.mode { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; color: #fff; background: var(--paper); font-weight: 600 }
.mode.live { background: var(--live) } .missing { color: var(--live) }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .75rem; margin: 1.5rem 0 }
.tile { background: var(--tile); border-radius: .5rem; padding: .75rem 1rem } .tile b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums }
.scroll { overflow-x: auto } svg { max-width: 100%; height: auto } .narrow { display: none } summary { color: var(--faint); cursor: pointer }
@media (max-width: 40rem) { .narrow { display: block } .wide { display: none } body { padding: 0 .75rem } .tiles { grid-template-columns: 1fr 1fr } .tile { padding: .5rem .75rem } .tile b { font-size: 1.1rem } }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
th { color: var(--faint); font-weight: 500 } .figure { text-align: right; white-space: nowrap }
`;

function escaped(value: string): string {
  return oneLine(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function of(page: ReportPage, name: string): Record<string, Cell>[] {
  return page.reports.find(({ report }) => report.name === name)?.rows ?? [];
}

/** The figures that one looks for first. */
function tilesOf(page: ReportPage): [string, string][] {
  const days = of(page, 'pnl-days');
  const money = (name: string): string =>
    cellText(
      'money',
      // A sum without the days that are not known would be a wrong figure.
      days.length === 0 || days.some((day) => day[name] === null)
        ? null
        : text(sum(days.map((day) => decimal(day[name] ?? 0)))),
    );
  const falls = of(page, 'drawdown').map(({ worst }) => Number(worst));
  const total = (name: string, column: string): number =>
    of(page, name).reduce((all, row) => all + Number(row[column] ?? 0), 0);
  return [
    [`PnL, ${page.currency}`, money('pnl')],
    ['realised', money('realized')],
    ['fees', money('fees')],
    ['equity at the end', cellText('money', days.at(-1)?.['equity'] ?? null)],
    ['worst drawdown', cellText('share', falls.length === 0 ? null : Math.max(...falls))],
    ['fills', cellText('count', total('pnl-symbols', 'fills'))],
    ['decisions', cellText('count', total('costs', 'decisions'))],
    ['language models', cellText('usd', total('costs', 'cost'))],
  ];
}

function tableOf({ report, rows }: ReportRows): string {
  if (rows.length === 0) return '<p>Nothing in this time.</p>';
  const cells = (tag: string, of: (index: number) => string): string =>
    report.columns
      .map(({ unit }, index) => `<${tag}${isFigure(unit) ? ' class="figure"' : ''}>${escaped(of(index))}</${tag}>`)
      .join('');
  const head = cells('th', (index) => report.columns[index]?.title ?? '');
  const body = rows.map((row) => {
    const line = cells('td', (index) => {
      const column = report.columns[index];
      return column ? cellText(column.unit, row[column.name] ?? null) : '';
    });
    return `<tr>${line}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

/** A long table is there for who opens it: its picture says most of it. */
function folded(section: ReportRows): string {
  const { report, rows } = section;
  if (report.chart?.kind !== 'line' || rows.length <= MOST_ROWS) return tableOf(section);
  return `<details><summary>${rows.length} rows</summary>${tableOf(section)}</details>`;
}

function sectionOf(section: ReportRows): string {
  const { name, title, description } = section.report;
  const chart = (['wide', 'narrow'] as const)
    .map((size) => `<div class="${size}">${chartSvg(section, size) ?? ''}</div>`)
    .join('');
  return `<section id="${name}"><h2>${escaped(title)}</h2><p>${escaped(description)}</p>${chart}${folded(section)}</section>`;
}

/** One file without scripts that needs nothing else: to be mailed, kept, or printed. */
export function pageHtml(page: ReportPage): string {
  const { title, range, mode, demo, account, madeAt, reports, missing } = page;
  const moment = (at: number): string => cellText('time', at);
  const tiles = tilesOf(page).map(
    ([name, value]) => `<div class="tile">${escaped(name)}<b>${escaped(value)}</b></div>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(`${title} · ${mode} · Sapphire`)}</title><style>${style}</style></head><body>
<header><span class="mode ${mode}">${mode === 'live' ? 'LIVE: real money' : escaped(paperLabel(demo))}</span><h1>${escaped(title)}</h1>
<p>Account ${escaped(account)}, from ${moment(range.from)} to before ${moment(range.to)} UTC. Made ${moment(madeAt)} UTC.</p>
${demo ? `<p class="missing">${escaped(DEMO_RECORD)}</p>` : ''}${missing.map((each) => `<p class="missing">${escaped(missingLine(each))}</p>`).join('')}</header>
<div class="tiles">${tiles.join('')}</div>
${reports.map(sectionOf).join('\n')}
</body></html>
`;
}
