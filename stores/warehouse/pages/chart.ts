import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Cell, ReportRows } from '../reports/index.ts';
import type { ChartOf, Report, Unit } from '../reports/query.ts';
import { cellText } from './format.ts';

use([BarChart, LineChart, GridComponent, LegendComponent, SVGRenderer]);

/** Drawn for each, since a picture that a narrow screen shrinks has letters of five pixels. */
export const sizes = {
  wide: { width: 880, height: 300, left: 90, right: 24 },
  narrow: { width: 320, height: 220, left: 80, right: 12 },
} as const;
const DAY_MS = 86_400_000;
/** More of them hide their line. */
const MOST_SYMBOLS = 31;
/** Readable on white and on near-black. */
const INK = '#7d8794';
const COLOURS = ['#2f7bd6', '#e0792b', '#3a9d6b', '#b4549c', '#8b7c34', '#5c6bc0', '#c0504d', '#4fa3b8'];

interface Line {
  name: string;
  points: [Cell, number | null][];
}

function linesOf({ by, x, y }: ChartOf, { report, rows }: ReportRows): Line[] {
  const titleOf = (name: string): string => report.columns.find((column) => column.name === name)?.title ?? name;
  const valueOf = (cell: Cell | undefined): number | null =>
    cell === null || cell === undefined ? null : Number(cell);
  const groups =
    by === undefined ? [['', rows] as const] : [...Map.groupBy(rows, (row) => cellText('text', row[by] ?? null))];
  return groups.flatMap(([group, part]) =>
    y.map((name) => ({
      name: group === '' ? titleOf(name) : group,
      points: part.map((row): [Cell, number | null] => [row[x] ?? null, valueOf(row[name])]),
    })),
  );
}

function unitOf(report: Report, name: string | undefined): Unit {
  return report.columns.find((column) => column.name === name)?.unit ?? 'number';
}

/** A chart as SVG text, drawn by ECharts without a browser; undefined where there is nothing to draw. */
export function chartSvg(drawn: ReportRows, size: keyof typeof sizes): string | undefined {
  const { report, rows } = drawn;
  const { chart } = report;
  if (!chart || rows.length === 0) return undefined;
  const lines = linesOf(chart, drawn);
  if (lines.every(({ points }) => points.every(([, value]) => value === null))) return undefined;
  // A line of one point is none.
  if (chart.kind === 'line' && lines.every(({ points }) => points.length < 2)) return undefined;
  const [unitX, unitY] = [unitOf(report, chart.x), unitOf(report, chart.y[0])];
  const shares = unitX === 'share';
  const axis = {
    axisLabel: { color: INK },
    axisLine: { lineStyle: { color: INK } },
    splitLine: { lineStyle: { color: INK, opacity: 0.2 } },
  };
  const { left, right, ...area } = sizes[size];
  const labelOf = categoriesOf(unitX, lines);
  const picture = init(null, null, { renderer: 'svg', ssr: true, ...area });
  try {
    picture.setOption({
      animation: false,
      color: COLOURS,
      grid: { left, right, top: lines.length > 1 ? 44 : 16, bottom: 36 },
      ...(lines.length > 1 ? { legend: { top: 8, textStyle: { color: INK } } } : {}),
      xAxis: shares
        ? {
            type: 'value',
            min: 0,
            max: 1,
            ...axis,
            axisLabel: { color: INK, formatter: (value: number) => cellText('share', value) },
          }
        : {
            type: 'category',
            ...axis,
            axisLabel: { color: INK, formatter: labelOf, hideOverlap: true },
          },
      yAxis: {
        type: 'value',
        scale: chart.kind === 'line' && !shares,
        ...axis,
        axisLabel: { color: INK, formatter: (value: number) => cellText(unitY, value) },
      },
      series: lines.map(({ name, points }) => ({
        name,
        type: chart.kind,
        data: shares ? points : points.map(([x, y]) => [String(x), y]),
        symbolSize: 5,
        showSymbol: points.length <= MOST_SYMBOLS,
        barMaxWidth: 48,
        stack: chart.kind === 'bar' && lines.length > 1 ? 'all' : undefined,
      })),
    });
    return picture.renderToSVGString();
  } finally {
    picture.dispose();
  }
}

/** Moments of one day are told by the clock alone. */
function categoriesOf(unit: Unit, lines: readonly Line[]): (value: string) => string {
  if (unit !== 'time') return (value) => cellText(unit, unit === 'text' ? value : Number(value));
  const days = new Set(lines.flatMap(({ points }) => points.map(([x]) => Math.floor(Number(x) / DAY_MS))));
  const [begin, end] = days.size === 1 ? [11, 16] : [5, 16];
  return (value) => cellText('time', Number(value)).slice(begin, end);
}
