import { periodOf } from '../../domain/statistics/periods.ts';
import type { Feed } from '../../stores/warehouse/feeds.ts';
import { runReports } from '../../stores/warehouse/pages/make.ts';
import type { Report } from '../../stores/warehouse/reports/query.ts';
import { missingFrom } from '../../stores/warehouse/segments/gaps.ts';
import type { Warehouse } from '../../stores/warehouse/warehouse.ts';

const DAY_MS = 86_400_000;

/** First moments of days, UTC: the last of them is told whole. Without a first one it is so many days, without a last one up to now. */
export interface WantedDays {
  from?: number | undefined;
  to?: number | undefined;
  days: number;
}

/** One report over what is exported and what is not yet. */
export async function viewReport(
  { warehouse, feeds }: { warehouse: Warehouse; feeds: readonly Feed[] },
  report: Report,
  wanted: WantedDays,
) {
  const to = wanted.to === undefined ? warehouse.now() + 1 : wanted.to + DAY_MS;
  const from = wanted.from ?? periodOf('daily', to - 1).from - (wanted.days - 1) * DAY_MS;
  const [done] = await runReports(warehouse, feeds, { from, to }, [report]);
  if (!done) throw new Error('one report was wanted');
  const { missing } = await missingFrom(warehouse, feeds, { from, to });
  return { report: report.name, from, to, missing, rows: done.rows };
}
