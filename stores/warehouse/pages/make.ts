import type { Configuration } from '../../../contracts/config/schema.ts';
import { type Period, periodOf } from '../../../domain/statistics/periods.ts';
import type { Feed } from '../feeds.ts';
import { readWarehouse } from '../query.ts';
import { duckDbDialect } from '../reports/dialect.ts';
import { reports as allReports, type ReportRows, runReport } from '../reports/index.ts';
import type { Range, Report } from '../reports/query.ts';
import { missingFrom } from '../segments/gaps.ts';
import type { Warehouse } from '../warehouse.ts';
import { dateText } from './format.ts';
import type { ReportPage } from './page.ts';

/** Runs reports over what is exported and what is not yet. */
export async function runReports(
  warehouse: Warehouse,
  feeds: readonly Feed[],
  range: Range,
  wanted: readonly Report[] = allReports,
): Promise<ReportRows[]> {
  const { lost } = await missingFrom(warehouse, feeds, range);
  return readWarehouse(warehouse, feeds, async ({ query }) => {
    const done: ReportRows[] = [];
    for (const report of wanted) done.push(await runReport(report, range, duckDbDialect, query, lost));
    return done;
  });
}

const titles: Record<Period, (from: number) => string> = {
  daily: (from) => `Day of ${dateText(from)}`,
  weekly: (from) => `Week from ${dateText(from)}`,
  monthly: (from) => `Month of ${dateText(from).slice(0, 7)}`,
};

/** The regular report of the period that a moment lies in. */
export async function makePage(
  warehouse: Warehouse,
  feeds: readonly Feed[],
  { account, currency, mode, demo }: Pick<Configuration, 'account' | 'currency' | 'mode' | 'demo'>,
  { period, at }: { period: Period; at: number },
): Promise<ReportPage> {
  const range = periodOf(period, at);
  return {
    title: titles[period](range.from),
    range,
    mode,
    demo,
    account,
    currency,
    madeAt: warehouse.now(),
    missing: (await missingFrom(warehouse, feeds, range)).missing,
    reports: await runReports(warehouse, feeds, range),
  };
}

/** e.g. `paper-daily-2026-11-22.html` */
export function pageName({ mode, range }: Pick<ReportPage, 'mode' | 'range'>, period: Period): string {
  return `${mode}-${period}-${dateText(range.from)}.html`;
}
