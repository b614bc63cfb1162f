import { decimal, text } from '../../../domain/money/money.ts';
import { agentSkill, calibration, costs } from './agents.ts';
import type { SqlDialect } from './dialect.ts';
import { fillQuality, incidents, latency, outcomes } from './execution.ts';
import { drawdown, equityInDay, profitByAgent, profitByDay, profitBySymbol } from './profit.ts';
import { type Lost, nothingLost, type Range, type Report, type ReportColumn } from './query.ts';
import { sizing } from './sizing.ts';

/** In the order in which a person reads them. */
export const reports: readonly Report[] = [
  equityInDay,
  profitByDay,
  profitBySymbol,
  profitByAgent,
  drawdown,
  agentSkill,
  calibration,
  costs,
  fillQuality,
  latency,
  outcomes,
  sizing,
  incidents,
];

export type Cell = string | number | null;

export interface ReportRows {
  report: Report;
  rows: Record<string, Cell>[];
}

/** Runs a report's query. Money stays decimal text; every other figure is a number. */
export async function runReport(
  report: Report,
  range: Range,
  dialect: SqlDialect,
  query: (sql: string) => Promise<Record<string, unknown>[]>,
  lost: Lost = nothingLost,
): Promise<ReportRows> {
  const rows = await query(report.sql(dialect, range, lost));
  return {
    report,
    rows: rows.map((row) => Object.fromEntries(report.columns.map((column) => [column.name, cellOf(column, row)]))),
  };
}

function cellOf({ name, unit }: ReportColumn, row: Record<string, unknown>): Cell {
  const value = row[name];
  if (value === null || value === undefined) return null;
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  if (unit === 'text') return plain;
  if (unit === 'money' || unit === 'usd') return text(decimal(plain).toDecimalPlaces(8));
  return Number(plain);
}
