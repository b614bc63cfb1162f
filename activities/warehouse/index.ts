import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { Retention } from '../../contracts/config/retention.ts';
import type { ExportReport, HousekeepingReport, LoadReport } from '../../contracts/warehouse/reports.ts';
import { createBreaker } from '../../runtime/telemetry/breaker.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import { loadSegments } from '../../stores/warehouse/load.ts';
import { moveOut, nothingMoved, unmovedSince } from '../../stores/warehouse/move-out.ts';
import type { CloudWarehouse } from '../../stores/warehouse/port.ts';
import { compactSegments, expireSegments, sweepFiles } from '../../stores/warehouse/segments/compact.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { currentManifest, type Warehouse } from '../../stores/warehouse/warehouse.ts';
import { beating } from '../heartbeat.ts';

const DAY_MS = 86_400_000;

export interface WarehouseDependencies {
  journal: Pick<Journal, 'archive' | 'audit' | 'deleteAnswers' | 'outbox' | 'takeStatistics'>;
  market: MarketBuffer;
  warehouse: Warehouse;
  /** Missing where the warehouse is this machine's alone. */
  cloud?: CloudWarehouse | undefined;
  retention: Retention;
  logger: Logger;
}

export type WarehouseActivities = ReturnType<typeof createWarehouseActivities>;

/** Each may be tried again at any time, and by several at once: what is done counts with the commit of a manifest. */
export function createWarehouseActivities(dependencies: WarehouseDependencies) {
  const { journal, market, warehouse, cloud, retention, logger } = dependencies;
  const feeds = feedsOf(journal, market.outbox);
  const breaker = cloud && createBreaker('housekeeping', cloud.name);

  return beating({
    /** Brings what was told since the last time into the segments. */
    async exportEvents(): Promise<ExportReport> {
      const { cancellationSignal: signal } = Context.current();
      const report = await exportEvents(warehouse, feeds, { signal });
      metrics.warehouseRows.inc(report.rows);
      if (report.events > 0) logger.info({ ...report }, 'events exported');
      return report;
    },

    /** Brings segments that the cloud warehouse has not got yet there, as often as it takes them. */
    async loadSegments(): Promise<LoadReport> {
      if (!cloud || !breaker) return { loaded: 0, rows: 0, to: '' };
      const { cancellationSignal: signal } = Context.current();
      const report = await breaker.execute(() => loadSegments(warehouse, cloud, { signal }));
      if (report.loaded > 0) logger.info({ ...report }, 'segments loaded');
      return report;
    },

    /** Makes few segments of many. */
    compactSegments: (): Promise<number> =>
      compactSegments(warehouse, cloud?.name, (table, error) =>
        logger.error({ table, error }, 'the segments of a table could not be made fewer'),
      ),

    /** Deletes what is older than it is kept, of what is exported. */
    async applyRetention(): Promise<HousekeepingReport> {
      const now = Date.now();
      const { marketDays, signalsDays, tradingDays, auditDays, archiveDays, decisionDays } = retention;
      const keep = {
        market: marketDays,
        signals: signalsDays,
        trading: tradingDays,
        audit: auditDays,
        archive: archiveDays,
      };
      const old = decisionDays === null ? undefined : now - decisionDays * DAY_MS;
      const unmoved = old === undefined ? undefined : await unmovedSince(journal.archive, old);
      const held = unmoved === undefined ? {} : { decision_records: unmoved };
      const expired = await expireSegments(warehouse, keep, held, (table, error) =>
        logger.error({ table, error }, 'what is old of a table could not be deleted'),
      );
      const { cursors } = await currentManifest(warehouse);
      const before = now - retention.outboxDays * DAY_MS;
      const deleted = {
        expired,
        outbox: await journal.outbox.trim(cursors.journal, before),
        market: await market.outbox.trim(cursors.market, before),
        answers: await journal.deleteAnswers(now - retention.answersDays * DAY_MS),
        files: await sweepFiles(warehouse),
      };
      await journal.takeStatistics();
      const { cancellationSignal: signal } = Context.current();
      const moved =
        old === undefined
          ? nothingMoved
          : await moveOut({ archive: journal.archive, warehouse, feeds }, old, { signal });
      const report = { ...deleted, ...moved };
      logger.info({ ...report }, 'retention applied');
      return report;
    },
  });
}
