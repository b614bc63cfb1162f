import { randomUUID } from 'node:crypto';
import { createBackupActivities } from '../activities/backup/index.ts';
import { keepControl, refuseSilentControl } from '../activities/control/ensure.ts';
import { createControlActivities } from '../activities/control/index.ts';
import { createOriginCheck } from '../activities/control/last-run.ts';
import { createHealthActivities } from '../activities/health/index.ts';
import { createProtectionActivities } from '../activities/protection/index.ts';
import { createReconcileActivities } from '../activities/reconcile/index.ts';
import { createReportActivities } from '../activities/reports/index.ts';
import { createScoringActivities } from '../activities/scoring/index.ts';
import { createWarehouseActivities } from '../activities/warehouse/index.ts';
import { limitFaults } from '../contracts/config/limit-faults.ts';
import { refusesForeignStarts } from '../contracts/config/schema.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { scheduleId } from '../contracts/workflow-ids.ts';
import { startedEngines } from '../runtime/configuration/engines.ts';
import { backupFolder, dataFolder, reportFolder } from '../runtime/configuration/folders.ts';
import { exchangeKeys } from '../runtime/configuration/secrets.ts';
import { createPasses } from '../runtime/guard/passes.ts';
import { renewSchedules } from '../runtime/guard/schedules.ts';
import { listBackups } from '../stores/backup/backup.ts';
import { placesOf } from '../stores/backup/places.ts';
import { openJournal } from '../stores/journal/open.ts';
import { openMarketBuffer } from '../stores/market-buffer/open.ts';
import { feedsOf } from '../stores/warehouse/feeds.ts';
import { openWarehouse } from '../stores/warehouse/warehouse.ts';
import { refuseUnlisted } from '../trading/control/refuse-unlisted.ts';
import { createIngest } from '../trading/reconcile/ingest.ts';
import { marketSpeed, refuseUnfitKeys, tradingAccess } from '../venues/access.ts';
import { createCcxtClient, fetchServerTime } from '../venues/binance/ccxt-client.ts';
import { createCcxtPrices } from '../venues/binance/ccxt-prices.ts';
import { createCcxtTrading } from '../venues/binance/ccxt-trading.ts';
import { classifyFault } from '../venues/binance/classify.ts';
import { closingPrice } from '../venues/binance/closing-price.ts';
import { openUserStream } from '../venues/binance/user-stream.ts';
import { createWatchedTouches } from '../venues/binance/watched-touches.ts';
import { watchBooks } from './book-watch.ts';
import { ensureHousekeeping, housekeepingIds, restoreHousekeeping } from './housekeeping.ts';
import { haltOnStrangers, socketApiUrl, startIngestor } from './ingestor.ts';
import { runRole } from './role.ts';
import { BESIDE_TRADING, cloudWarehouse, exportLagMs, watchWarehouse } from './warehouse-watch.ts';
import { workflowBundle } from './workflow-bundle.ts';

await runRole('operations', async ({ configuration, secrets, client, logger }) => {
  const journal = await openJournal(configuration);
  const market = await openMarketBuffer(configuration);
  const warehouse = openWarehouse({ mode: configuration.mode, journal: journal.id, limits: BESIDE_TRADING });
  const feeds = feedsOf(journal, market.outbox);
  const exchange = createCcxtClient(tradingAccess(configuration, secrets));
  await refuseUnfitKeys(configuration, exchange);
  const trading = await createCcxtTrading(exchange);
  const prices = createCcxtPrices(exchange, trading.exchangeTime);
  await refuseUnlisted(configuration, trading, journal);
  await journal.risk.adopt(configuration.account, configuration.risk);
  const limits = (await journal.risk.read(configuration.account)).settings;
  for (const fault of limitFaults(limits, configuration))
    logger.warn(
      { fault },
      'a limit in force breaks a rule of this release, and stays until "sapphire risk set" changes it',
    );
  // The opening balance of the paper account, booked once: from here on only fills change the books.
  if (configuration.mode === 'paper') {
    const { account, currency, paperBalance } = configuration;
    await journal.ledger.transfer({
      reference: `paper-opening/${account}`,
      account,
      asset: currency,
      amount: paperBalance,
      value: paperBalance,
      at: Date.now(),
    });
  }
  const { account, symbols, protection } = configuration;
  const passes = createPasses(secrets.guardSecret);
  const isOurs = createOriginCheck({ passes, client, refuses: refusesForeignStarts(configuration) });
  if ((await keepControl({ client, journal, isOurs }, account, { anyRelease: false })) === 'replaced')
    logger.warn('trading control of another release, or of nobody of this installation, was replaced');
  const ingest = createIngest({
    journal,
    trading,
    account,
    symbols,
    holder: `${process.pid}/${randomUUID()}`,
    onStrangers: haltOnStrangers({ journal, client, logger }, account),
    logger,
  });
  const speed = marketSpeed(configuration);
  const startedAt = Date.now();
  const schedules = [scheduleId(account), ...housekeepingIds(configuration, speed)];
  const renewed = await renewSchedules(client, passes, schedules);
  if (renewed.length > 0) logger.warn({ renewed }, 'schedules from before this installation’s secret were made anew');
  await ensureHousekeeping(client, configuration, speed);
  const restoreSchedules = (): Promise<string[]> => restoreHousekeeping(client, configuration, speed);
  const ingestor = startIngestor({ ingest, journal, client, configuration, logger });
  const stream = openUserStream({
    url: socketApiUrl(configuration),
    keys: exchangeKeys(configuration, secrets),
    exchangeTime: trading.exchangeTime,
    onEvent: ingestor.wake,
    logger,
  });
  const stopWatching = watchBooks(journal, configuration, logger);
  const stopWatchingWarehouse = watchWarehouse(warehouse, feeds, logger);

  return {
    workers: [
      {
        taskQueue: TaskQueue.operations,
        workflowBundle: await workflowBundle(secrets),
        activities: {
          ...createControlActivities({ journal, trading, client, account, logger }),
          ...createReconcileActivities({
            journal,
            trading,
            client,
            configuration,
            ingest,
            isOurs,
            restoreSchedules,
            logger,
          }),
          ...createScoringActivities({
            journal,
            priceAt: (symbol, at) => closingPrice(exchange, symbol, at),
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
            places: { ...placesOf(configuration), journal: journal.id },
            keepDays: configuration.retention.backupDays,
            logger,
          }),
          ...createReportActivities({ warehouse, feeds, configuration, folder: reportFolder(), logger }),
          ...createHealthActivities({
            journal,
            client,
            configuration,
            exchange: {
              serverTime: () => fetchServerTime(exchange),
              balances: () => trading.balances(),
              listing: trading.listing,
              statuses: prices.statuses,
              isRefusal: (error) => classifyFault(error).outcome === 'rejected',
              ...(speed === 1 ? { priceAt: (symbol, at) => closingPrice(exchange, symbol, at) } : {}),
            },
            engines: startedEngines(),
            dataFolder: dataFolder(),
            exportLagMs: () => exportLagMs(warehouse, feeds),
            backupAt: async () => (await listBackups(backupFolder())).at(0)?.manifest.madeAt ?? startedAt,
            restoreSchedules,
            logger,
          }),
          ...createProtectionActivities({
            journal,
            trading: { ...trading, touch: await createWatchedTouches(exchange) },
            settings: protection.enabled ? protection : undefined,
            logger,
          }),
        },
        // The exits of fifty positions are asked every ten seconds whether they answer, and the latch beside them.
        maxCachedWorkflows: 80,
        stickyQueueScheduleToStartTimeout: '500ms',
      },
    ],
    ready: {
      journal: () => journal.check(),
      exchange: async () => void (await trading.exchangeTime()),
      control: () => refuseSilentControl(client),
    },
    close: async () => {
      stopWatching();
      stopWatchingWarehouse();
      stream.close();
      await ingestor.close();
      await market.close();
      await journal.close();
    },
  };
});
