import type { WrittenReport } from '../../contracts/warehouse/reports.ts';
import type { Period } from '../../domain/statistics/periods.ts';
import { type PageWriter, writePage } from '../../stores/warehouse/pages/write.ts';
import { beating } from '../heartbeat.ts';

export type ReportActivities = ReturnType<typeof createReportActivities>;

export function createReportActivities(writer: PageWriter) {
  return beating({
    /** Writes the report of the period that ended last before `at`, UTC epoch milliseconds. A second try writes the same file anew. */
    async writeReport(period: Period, at: number): Promise<WrittenReport> {
      return writePage(writer, period, at);
    },
  });
}
