import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import { pino } from 'pino';
import { createCycleScheduleActivities } from '../../activities/agents/cycle-schedule.ts';
import { createGuestActivities } from '../../activities/agents/guests.ts';
import { createAgentActivities } from '../../activities/agents/index.ts';
import { createStandingActivities } from '../../activities/agents/standing.ts';
import { createBackupActivities } from '../../activities/backup/index.ts';
import { createEpochActivities } from '../../activities/control/epoch.ts';
import { createControlActivities } from '../../activities/control/index.ts';
import { createSellingActivities } from '../../activities/control/selling.ts';
import { createOwnConsensusActivities } from '../../activities/coordinator/own-consensus.ts';
import { createHealthActivities } from '../../activities/health/index.ts';
import { createMarketActivities } from '../../activities/market/index.ts';
import { createExitActivities } from '../../activities/orders/exits.ts';
import { createOrderActivities } from '../../activities/orders/index.ts';
import { createPlanActivities } from '../../activities/orders/plans.ts';
import { createPortfolioActivities } from '../../activities/portfolio/index.ts';
import { createPriceActivities } from '../../activities/portfolio/prices.ts';
import { createProtectionActivities } from '../../activities/protection/index.ts';
import { createReconcileActivities } from '../../activities/reconcile/index.ts';
import { createReportActivities } from '../../activities/reports/index.ts';
import { createScoringActivities } from '../../activities/scoring/index.ts';
import { createWarehouseActivities } from '../../activities/warehouse/index.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { agentTaskQueue, TaskQueue } from '../../contracts/task-queues.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { type AgentId, agentIds } from '../../domain/signals/agents.ts';
import type { Places } from '../../stores/backup/places.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { createSnapshotReader } from '../../stores/market-buffer/snapshots.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import type { Warehouse } from '../../stores/warehouse/warehouse.ts';
import type { Agent } from '../../trading/agents/port.ts';
import { createOwnFees } from '../../trading/decide/own-fees.ts';
import type { OrderEvents } from '../../trading/execute/order-events.ts';
import type { Ingest } from '../../trading/reconcile/ingest.ts';
import { type createCcxtClient, fetchServerTime } from '../../venues/binance/ccxt-client.ts';
import { createCcxtPrices } from '../../venues/binance/ccxt-prices.ts';
import { classifyFault } from '../../venues/binance/classify.ts';
import { closingPrice } from '../../venues/binance/closing-price.ts';
import type { MarketDataPort, TradingPort } from '../../venues/port.ts';
import { exportLagMs } from '../../workers/warehouse-watch.ts';
import type { WorkflowBundle } from '../../workers/workflow-bundle.ts';

const logger = pino({ level: 'silent' });

/** What the rig has opened. */
export interface RigParts {
  client: Client;
  configuration: Configuration;
  journal: Journal;
  buffer: MarketBuffer;
  warehouse: Warehouse;
  places: Places;
  /** Of everything that is written. */
  folder: string;
  market: MarketDataPort;
  marketClient: ReturnType<typeof createCcxtClient>;
  trading: TradingPort;
  /** The best bid that protective exits see; the market's own without one. */
  bid: { current: string | undefined };
  events: OrderEvents;
  ingest: Ingest;
  bundle: WorkflowBundle;
  coordinator: object;
  scripted: Record<string, Agent>;
}

export interface WantedWorkers {
  agents?: readonly AgentId[];
  withExecution?: boolean;
  /** Housekeeping with it. */
  withControl?: boolean;
  /** Makes the rounds' schedules anew; without it there are none. */
  restoreSchedules?: () => Promise<string[]>;
}

type Definition = Pick<WorkerOptions, 'workflowBundle'> & { taskQueue: string; activities: object };

/** The real activities of each role, on its queue. */
export function rigDefinitions(parts: RigParts, wanted: WantedWorkers): Definition[] {
  const { agents = agentIds, withExecution = true, withControl = true, restoreSchedules = async () => [] } = wanted;
  return [
    ofCycles(parts),
    ...agents.map((id) => ofAgent(parts, id)),
    ...(withExecution ? [ofExecution(parts)] : []),
    ...(withControl ? [ofControl(parts, restoreSchedules), ofHousekeeping(parts, restoreSchedules)] : []),
  ];
}

function ofCycles({
  client,
  journal,
  buffer,
  configuration,
  market,
  marketClient,
  coordinator,
  bundle,
}: RigParts): Definition {
  return {
    taskQueue: TaskQueue.cycles,
    workflowBundle: bundle,
    activities: {
      ...createMarketActivities({
        market,
        buffer,
        ownFees: createOwnFees({ journal, account: 'main', logger }),
        logger,
      }),
      ...createPortfolioActivities({
        journal,
        configuration,
        exchangeTime: market.exchangeTime,
        readSnapshot: createSnapshotReader(buffer),
        logger,
      }),
      ...createPriceActivities({ prices: createCcxtPrices(marketClient, market.exchangeTime) }),
      ...coordinator,
      ...createOwnConsensusActivities({ journal, configuration, logger }),
      ...createGuestActivities({ journal, account: 'main' }),
      ...createStandingActivities({ journal, configuration }),
      ...createCycleScheduleActivities({ client }),
      ...createEpochActivities({ journal, account: 'main' }),
    },
  };
}

function ofAgent({ scripted, buffer }: RigParts, id: AgentId): Definition {
  return {
    taskQueue: agentTaskQueue(id),
    activities: createAgentActivities({
      agents: scripted,
      readSnapshot: createSnapshotReader(buffer),
      logger,
    }),
  };
}

function ofExecution({ journal, trading, events, client, bundle }: RigParts): Definition {
  return {
    taskQueue: TaskQueue.execution,
    workflowBundle: bundle,
    activities: {
      ...createOrderActivities({ journal, trading, events, logger }),
      ...createPlanActivities({ journal, trading, logger }),
      ...createExitActivities({ journal, trading, logger }),
      ...createEpochActivities({ journal, account: 'main' }),
      ...createSellingActivities({ journal, client }),
    },
  };
}

type RestoreSchedules = () => Promise<string[]>;

function ofControl(parts: RigParts, restoreSchedules: RestoreSchedules): Definition {
  const { journal, trading, market, marketClient, client, configuration, ingest, bid, bundle } = parts;
  const { protection } = configuration;
  const watched: Pick<TradingPort, 'touch' | 'instrument' | 'listing'> = {
    listing: trading.listing,
    instrument: trading.instrument,
    touch: async (symbol) => {
      const touch = await trading.touch(symbol);
      return { ...touch, bid: bid.current === undefined ? touch.bid : tagged(bid.current) };
    },
  };
  return {
    taskQueue: TaskQueue.control,
    workflowBundle: bundle,
    activities: {
      ...createControlActivities({ journal, trading, client, account: 'main', logger }),
      ...createReconcileActivities({
        journal,
        trading,
        prices: createCcxtPrices(marketClient, market.exchangeTime),
        client,
        configuration,
        ingest,
        isOurs: async () => true,
        restoreSchedules,
        logger,
      }),
      ...createProtectionActivities({
        journal,
        trading: watched,
        settings: protection.enabled ? protection : undefined,
        logger,
      }),
    },
  };
}

function ofHousekeeping(parts: RigParts, restoreSchedules: RestoreSchedules): Definition {
  const { journal, buffer, warehouse, places, folder, trading, marketClient, client, configuration, bundle } = parts;
  return {
    taskQueue: TaskQueue.housekeeping,
    workflowBundle: bundle,
    activities: {
      ...createScoringActivities({
        journal,
        priceAt: (symbol, at) => closingPrice(marketClient, symbol, at),
        exchangeTime: trading.exchangeTime,
        logger,
      }),
      ...createWarehouseActivities({
        journal,
        market: buffer,
        warehouse,
        retention: configuration.retention,
        logger,
      }),
      ...createBackupActivities({ places, keepDays: 1, logger }),
      ...createReportActivities({
        warehouse,
        feeds: feedsOf(journal, buffer.outbox),
        configuration,
        folder: join(warehouse.folder, 'reports'),
        logger,
      }),
      ...createHealthActivities({
        journal,
        client,
        configuration,
        exchange: {
          serverTime: () => fetchServerTime(marketClient),
          balances: () => trading.balances(),
          hasRoom: trading.hasRoom,
          listing: trading.listing,
          isRefusal: (error) => classifyFault(error).outcome === 'rejected',
        },
        engines: [],
        dataFolder: folder,
        exportLagMs: () => exportLagMs(warehouse, feedsOf(journal, buffer.outbox)),
        // What else fills the disk of whoever runs the tests is none of theirs.
        room: async () => [],
        backupAt: async () => Date.now(),
        restoreSchedules,
        logger,
      }),
    },
  };
}
