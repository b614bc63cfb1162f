import { createBackupActivities } from '../activities/backup/index.ts';
import { createHealthActivities } from '../activities/health/index.ts';
import { createReportActivities } from '../activities/reports/index.ts';
import { createScoringActivities } from '../activities/scoring/index.ts';
import { createWarehouseActivities } from '../activities/warehouse/index.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { startedEngines } from '../runtime/configuration/engines.ts';
import { backupFolder, dataFolder, reportFolder } from '../runtime/configuration/folders.ts';
import { createPasses } from '../runtime/guard/passes.ts';
import { renewSchedules } from '../runtime/guard/schedules.ts';
import { tellContainer } from '../runtime/telemetry/metrics.ts';
import { listBackups } from '../stores/backup/backup.ts';
import { placesOf } from '../stores/backup/places.ts';
import { openJournal } from '../stores/journal/open.ts';
import { openMarketBuffer } from '../stores/market-buffer/open.ts';
import { feedsOf } from '../stores/warehouse/feeds.ts';
import { openWarehouse } from '../stores/warehouse/warehouse.ts';
import { bindBooks } from '../trading/control/bind-account.ts';
import { refuseUnlisted } from '../trading/control/refuse-unlisted.ts';
import { probeDisk } from '../trading/health/probes.ts';
import { marketSpeed, refuseUnfitKeys, tradingAccess } from '../venues/access.ts';
import { openVenue } from '../venues/open.ts';
import { runRole } from './role.ts';
import { ensureRounds, restoreRounds, roundIds } from './rounds.ts';
import { BESIDE_TRADING, cloudWarehouse, exportLagMs, watchWarehouse } from './warehouse-watch.ts';
import { workflowBundle } from './workflow-bundle.ts';

await runRole('housekeeping', async ({ configuration, secrets, client, logger }) => {
  const journal = await openJournal(configuration);
  const market = await openMarketBuffer(configuration, journal.id);
  const warehouse = openWarehouse({ mode: configuration.mode, journal: journal.id, limits: BESIDE_TRADING });
  const feeds = feedsOf(journal, market.outbox);
  const venue = openVenue(tradingAccess(configuration, secrets));
  await refuseUnfitKeys(configuration, venue);
  const trading = await venue.trading();
  const { binding } = await bindBooks({ journal, trading, configuration, logger }, 'workers/housekeeping');
  const prices = await venue.prices();
  await refuseUnlisted(configuration, trading, journal);
  const speed = marketSpeed(configuration);
  const startedAt = Date.now();
  const schedules = roundIds(configuration, speed, TaskQueue.housekeeping);
  const renewed = await renewSchedules(client, createPasses(secrets.guardSecret), schedules);
  if (renewed.length > 0) logger.warn({ renewed }, 'schedules from before this installation’s secret were made anew');
  await ensureRounds(client, configuration, speed, TaskQueue.housekeeping);
  // On a cluster the kubelet does.
  if (process.env['KUBERNETES_SERVICE_HOST'] === undefined) tellContainer('sapphire');
  const stopWatching = watchWarehouse(warehouse, feeds, logger);

  return {
    books: journal,
    workers: [
      {
        taskQueue: TaskQueue.housekeeping,
        workflowBundle: await workflowBundle(secrets),
        activities: {
          ...createScoringActivities({
            journal,
            priceAt: venue.closingPrice,
            exchangeTime: trading.exchangeTime,
            logger,
          }),
          ...createWarehouseActivities({
            journal,
            market,
            warehouse,
            cloud: await cloudWarehouse(configuration),
            retention: configuration.retention,
            logger,
          }),
          ...createBackupActivities({
            places: { ...placesOf(configuration), journal: journal.id, binding },
            keepDays: configuration.retention.backupDays,
            logger,
          }),
          ...createReportActivities({ warehouse, feeds, configuration, folder: reportFolder(), logger }),
          ...createHealthActivities({
            journal,
            client,
            configuration,
            exchange: {
              serverTime: trading.serverTime,
              balances: () => trading.balances(),
              hasRoom: trading.hasRoom,
              listing: trading.listing,
              statuses: prices.statuses,
              isRefusal: venue.isRefusal,
              ...(speed === 1 ? { priceAt: venue.closingPrice } : {}),
            },
            engines: startedEngines(),
            dataFolder: dataFolder(),
            exportLagMs: () => exportLagMs(warehouse, feeds),
            room: () => probeDisk(dataFolder()),
            backupAt: async () => (await listBackups(backupFolder())).at(0)?.manifest.madeAt ?? startedAt,
            restoreSchedules: () => restoreRounds(client, configuration, speed),
            logger,
          }),
        },
        maxCachedWorkflows: 20,
        stickyQueueScheduleToStartTimeout: '500ms',
      },
    ],
    ready: {
      journal: () => journal.check(),
      exchange: async () => void (await trading.exchangeTime()),
    },
    close: async () => {
      stopWatching();
      await journal.incidents.rest('health');
      await market.close();
      await journal.close();
    },
  };
});
