import { join } from 'node:path';
import { type Client, isGrpcServiceError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { type ReplayHistoriesIterable, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { createGuestActivities } from '../../activities/agents/guests.ts';
import { createAgentActivities } from '../../activities/agents/index.ts';
import { createBackupActivities } from '../../activities/backup/index.ts';
import { ensureTradingControl } from '../../activities/control/ensure.ts';
import { createEpochActivities } from '../../activities/control/epoch.ts';
import { createControlActivities } from '../../activities/control/index.ts';
import { createSellingActivities } from '../../activities/control/selling.ts';
import { createCoordinatorActivities } from '../../activities/coordinator/index.ts';
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
import { configuredPolicy } from '../../contracts/config/schema.ts';
import { agentTaskQueue, TaskQueue } from '../../contracts/task-queues.ts';
import {
  flattenWorkflowId,
  orderWorkflowId,
  planWorkflowId,
  protectWorkflowId,
  TRADING_CONTROL_ID,
} from '../../contracts/workflow-ids.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { type AgentId, agentIds } from '../../domain/signals/agents.ts';
import { abstain } from '../../domain/signals/signals.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { createWorker, dataConverter, type TemporalSecrets } from '../../runtime/temporal.ts';
import { startCoordinator } from '../../services/mcp-coordinator/server.ts';
import type { Places } from '../../stores/backup/backup.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { createSnapshotReader } from '../../stores/market-buffer/snapshots.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import { openWarehouse, type Warehouse } from '../../stores/warehouse/warehouse.ts';
import type { Agent } from '../../trading/agents/port.ts';
import { createOrderEvents } from '../../trading/execute/order-events.ts';
import { createIngest } from '../../trading/reconcile/ingest.ts';
import { createCcxtClient, fetchServerTime } from '../../venues/binance/ccxt-client.ts';
import { createCcxtMarket } from '../../venues/binance/ccxt-market.ts';
import { createCcxtPrices } from '../../venues/binance/ccxt-prices.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { classifyFault } from '../../venues/binance/classify.ts';
import { closingPrice } from '../../venues/binance/closing-price.ts';
import { openUserStream } from '../../venues/binance/user-stream.ts';
import type { TradingPort } from '../../venues/port.ts';
import { haltOnStrangers, startIngestor } from '../../workers/ingestor.ts';
import { exportLagMs } from '../../workers/warehouse-watch.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { temporaryFolder, temporaryJournal, temporaryMarketBuffer } from './books.ts';
import { keepHistory, recording } from './histories.ts';

const silent = pino({ level: 'silent' });
const token = 'test-coordinator-token';
/** The gRPC code. */
const NOT_FOUND = 5;

/** A view for every symbol, or a reason to abstain. */
export type ScriptedView = { expectedReturn: number } | { abstain: string };

/** A stand-in for an agent that says what the test wants said, by the agents' own contract. */
export function scriptedAgent(id: AgentId, view: () => ScriptedView): Agent {
  return {
    id,
    async answer({ snapshot, horizonMs, others }) {
      const said = view();
      const symbols = snapshot.symbols.map(({ instrument }) => instrument.symbol);
      const up = 'expectedReturn' in said && said.expectedReturn > 0;
      return {
        agentId: id,
        opinions:
          'abstain' in said
            ? abstain(id, symbols, 'not_configured', said.abstain)
            : symbols.map((symbol) => ({
                kind: 'signal' as const,
                agentId: id,
                symbol,
                probabilities: { up: up ? 0.8 : 0.1, flat: 0.1, down: up ? 0.1 : 0.8 },
                expectedReturn: said.expectedReturn,
                uncertainty: 0.01,
                conviction: 0.8,
                horizonMs,
                validUntilAt: snapshot.takenAt + horizonMs,
                rationale: others ? `heard ${others.map(({ agentId }) => agentId).join(', ')}` : 'scripted by the test',
                evidence: [],
              })),
        model: 'scripted',
        version: '1',
        latencyMs: 0,
        tokens: 0,
        costUsd: '0',
      };
    },
  };
}

export interface Rig {
  client: Client;
  configuration: Configuration;
  journal: Journal;
  buffer: MarketBuffer;
  warehouse: Warehouse;
  /** Folder of the backups. */
  backups: string;
  exchange: TestExchange;
  trading: TradingPort;
  /** Environment of a worker that fetches from the coordinator. */
  coordinatorAccess: Record<string, string>;
  /** Says what the scripted agents answer from now on. */
  views: { current: ScriptedView };
  /** The best bid that protective exits see from now on; the market's own without one. */
  bid: { current: string | undefined };
  start(workflowType: string, workflowId: string, ...args: unknown[]): Promise<WorkflowHandle>;
  /** Has a workflow replayed that the rig did not start itself. */
  follow(workflowId: string): void;
  /** From here on the coordinator is away. */
  closeCoordinator(): Promise<void>;
  /** Replays the history of everything that ran, running ones too. */
  replayAll(): Promise<{ workflowType: string; events: number }[]>;
  close(): Promise<void>;
}

const queues: Record<string, string> = {
  tradingCycle: TaskQueue.cycles,
  protectPosition: TaskQueue.control,
  reconcile: TaskQueue.control,
  health: TaskQueue.housekeeping,
  scoreAgents: TaskQueue.housekeeping,
  exportEvents: TaskQueue.housekeeping,
  retention: TaskQueue.housekeeping,
  report: TaskQueue.housekeeping,
  backup: TaskQueue.housekeeping,
};

/** Says what was replayed; the rig is closed whatever comes of it. */
export async function replayThenClose(rig: Rig): Promise<{ workflowType: string; events: number }[]> {
  try {
    return await rig.replayAll();
  } finally {
    await rig.close();
  }
}

/** Everything real in one process: Temporal, the paper exchange, the coordinator, the journal, ccxt. Only the agents are scripted. */
export async function startRig(
  environment: TestWorkflowEnvironment,
  options: {
    configuration?: Record<string, unknown>;
    /** Of the paper exchange, as in its section of the configuration. */
    exchange?: Record<string, unknown>;
    withControl?: boolean;
    withExecution?: boolean;
    /** Reads trades and starts protective exits, as the control worker does. */
    withIngestor?: boolean;
    /** Makes the rounds' schedules anew; without it there are none. */
    restoreSchedules?: () => Promise<string[]>;
    agents?: readonly AgentId[];
    /** Those of the environment's client, too: with keys what the server keeps is encrypted. */
    secrets?: TemporalSecrets;
  } = {},
): Promise<Rig> {
  const configuration = parseConfiguration(
    {
      symbols: ['BTC/USDT'],
      // Cycles follow each other at once.
      risk: { minHoldingSeconds: 0, reentryPauseSeconds: 0 },
      // A recorded history holds the snapshot once an agent.
      ...(recording ? { cycle: { candles: 30, bookLevels: 2 } } : {}),
      ...options.configuration,
    },
    'the test',
  );
  const exchange = await startTestExchange(options.exchange);
  const { apiKey, secret } = await exchange.account('main', { USDT: configuration.paperBalance });
  const folder = temporaryFolder();
  const journal = await temporaryJournal(undefined, 'paper', folder);
  const buffer = await temporaryMarketBuffer(folder);
  const places: Places = {
    mode: 'paper',
    journal: journal.id,
    books: { engine: 'sqlite', journal: join(folder, 'journal.db'), market: join(folder, 'market-buffer.db') },
    warehouse: join(folder, 'warehouse', 'paper'),
    backups: join(folder, 'backups'),
    key: join(folder, 'backup.key'),
  };
  const warehouse = openWarehouse({ folder: places.warehouse, mode: 'paper', journal: journal.id });
  await journal.participation.seed(perAgent(defaultParticipation));
  await journal.policy.adopt('main', configuredPolicy(configuration));
  await journal.risk.adopt('main', configuration.risk);
  const { paperBalance } = configuration;
  await journal.ledger.transfer({
    reference: 'opening',
    account: 'main',
    asset: 'USDT',
    amount: paperBalance,
    value: paperBalance,
    at: Date.now(),
  });

  const coordinator = await startCoordinator({
    host: '127.0.0.1',
    port: 0,
    token,
    journal,
    snapshots: buffer,
    account: 'main',
    symbols: configuration.symbols,
    horizonMs: configuration.cycle.horizonMinutes * 60_000,
    logger: silent,
  });
  const { close: closeCoordinator, ...coordinatorActivities } = createCoordinatorActivities({
    url: coordinator.url,
    token,
    logger: silent,
  });
  const access = { venue: 'binance' as const, restUrl: exchange.url, apiKey, secret };
  const marketClient = createCcxtClient(access);
  const market = await createCcxtMarket(marketClient, 'paper');
  const trading = await createCcxtTrading(createCcxtClient(access));
  const events = createOrderEvents();
  const stream = openUserStream({
    url: `${exchange.url.replace(/^http/, 'ws')}/ws-api/v3`,
    keys: { apiKey, secret },
    exchangeTime: trading.exchangeTime,
    onEvent: events.wake,
    logger: silent,
  });
  const views: Rig['views'] = { current: { expectedReturn: 0.01 } };
  const bid: Rig['bid'] = { current: undefined };
  const scripted = Object.fromEntries(agentIds.map((id) => [id, scriptedAgent(id, () => views.current)]));

  const { connection, client } = { connection: environment.nativeConnection, client: environment.client };
  const { secrets = {} } = options;
  const bundle = await workflowBundle(secrets);
  const { protection } = configuration;
  const { restoreSchedules = async () => [] } = options;
  const ingest = createIngest({
    journal,
    trading,
    account: 'main',
    symbols: configuration.symbols,
    holder: 'rig',
    onStrangers: haltOnStrangers({ journal, client, logger: silent }, 'main'),
    logger: silent,
  });
  const watched: Pick<TradingPort, 'touch' | 'instrument' | 'listing'> = {
    listing: trading.listing,
    instrument: trading.instrument,
    touch: async (symbol) => {
      const touch = await trading.touch(symbol);
      return { ...touch, bid: bid.current ?? touch.bid };
    },
  };
  const common = {
    connection,
    namespace: environment.namespace ?? 'default',
    shutdownGraceTime: '1s',
    shutdownForceTime: '3s',
  } as const;
  const definitions = [
    {
      taskQueue: TaskQueue.cycles,
      workflowBundle: bundle,
      activities: {
        ...createMarketActivities({ market, buffer, logger: silent }),
        ...createPortfolioActivities({
          journal,
          configuration,
          exchangeTime: market.exchangeTime,
          readSnapshot: createSnapshotReader(buffer),
          logger: silent,
        }),
        ...createPriceActivities({ prices: createCcxtPrices(marketClient, market.exchangeTime) }),
        ...coordinatorActivities,
        ...createOwnConsensusActivities({ journal, account: 'main', logger: silent }),
        ...createGuestActivities({ journal, account: 'main' }),
        ...createEpochActivities({ journal, account: 'main' }),
      },
    },
    ...(options.agents ?? agentIds).map((id) => ({
      taskQueue: agentTaskQueue(id),
      activities: createAgentActivities({
        agents: scripted,
        readSnapshot: createSnapshotReader(buffer),
        logger: silent,
      }),
    })),
    ...(options.withExecution === false
      ? []
      : [
          {
            taskQueue: TaskQueue.execution,
            workflowBundle: bundle,
            activities: {
              ...createOrderActivities({ journal, trading, events, logger: silent }),
              ...createPlanActivities({ journal, trading, logger: silent }),
              ...createExitActivities({ journal, trading, logger: silent }),
              ...createEpochActivities({ journal, account: 'main' }),
              ...createSellingActivities({ journal, client: environment.client }),
            },
          },
        ]),
    ...(options.withControl === false
      ? []
      : [
          {
            taskQueue: TaskQueue.control,
            workflowBundle: bundle,
            activities: {
              ...createControlActivities({ journal, trading, client, account: 'main', logger: silent }),
              ...createReconcileActivities({
                journal,
                trading,
                client,
                configuration,
                ingest,
                isOurs: async () => true,
                restoreSchedules,
                logger: silent,
              }),
              ...createProtectionActivities({
                journal,
                trading: watched,
                settings: protection.enabled ? protection : undefined,
                logger: silent,
              }),
            },
          },
          {
            taskQueue: TaskQueue.housekeeping,
            workflowBundle: bundle,
            activities: {
              ...createScoringActivities({
                journal,
                priceAt: (symbol, at) => closingPrice(marketClient, symbol, at),
                exchangeTime: trading.exchangeTime,
                logger: silent,
              }),
              ...createWarehouseActivities({
                journal,
                market: buffer,
                warehouse,
                retention: configuration.retention,
                logger: silent,
              }),
              ...createBackupActivities({ places, keepDays: 1, logger: silent }),
              ...createReportActivities({
                warehouse,
                feeds: feedsOf(journal, buffer.outbox),
                configuration,
                folder: join(warehouse.folder, 'reports'),
                logger: silent,
              }),
              ...createHealthActivities({
                journal,
                client,
                configuration,
                exchange: {
                  serverTime: () => fetchServerTime(marketClient),
                  balances: () => trading.balances(),
                  listing: trading.listing,
                  isRefusal: (error) => classifyFault(error).outcome === 'rejected',
                },
                engines: [],
                dataFolder: folder,
                exportLagMs: () => exportLagMs(warehouse, feedsOf(journal, buffer.outbox)),
                backupAt: async () => Date.now(),
                restoreSchedules,
                logger: silent,
              }),
            },
          },
        ]),
  ];
  const workers = await Promise.all(
    definitions.map((definition) => createWorker(secrets, { ...common, ...definition })),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  if (options.withControl !== false) await ensureTradingControl(client, 'main');

  const ingestor =
    options.withIngestor === true
      ? startIngestor({ ingest, journal, client, configuration, logger: silent })
      : undefined;

  const started = new Set<string>();
  return {
    client,
    configuration,
    journal,
    buffer,
    warehouse,
    backups: places.backups,
    exchange,
    trading,
    coordinatorAccess: {
      SAPPHIRE_COORDINATOR_URL: new URL(coordinator.url).origin,
      SAPPHIRE_COORDINATOR_TOKEN: token,
    },
    views,
    bid,
    async start(workflowType, workflowId, ...args) {
      started.add(workflowId);
      const taskQueue = queues[workflowType] ?? TaskQueue.execution;
      return client.workflow.start(workflowType, { workflowId, taskQueue, args });
    },
    follow: (workflowId) => void started.add(workflowId),
    closeCoordinator: () => coordinator.close(),
    async replayAll() {
      const orders = (await journal.intents.list('main', 1_000)).map(({ legId }) => orderWorkflowId(legId));
      const plans = (await journal.cycles.list('main', 1_000))
        .filter(({ plan }) => (plan?.legs.length ?? 0) > 1)
        .map(({ cycleId }) => planWorkflowId(cycleId));
      const others = [
        TRADING_CONTROL_ID,
        ...configuration.symbols.map((symbol) => protectWorkflowId('main', symbol)),
        ...[1, 2, 3, 4].map((epoch) => flattenWorkflowId('main', epoch)),
      ];
      const replayed: { workflowType: string; events: number }[] = [];
      async function* histories(): ReplayHistoriesIterable {
        for (const workflowId of new Set([...started, ...orders, ...plans, ...others])) {
          const history = await client.workflow
            .getHandle(workflowId)
            .fetchHistory()
            .catch((error: unknown) => {
              // An order that a test sent itself has no workflow.
              const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
              if (code === NOT_FOUND) return undefined;
              throw error;
            });
          if (!history?.events?.length) continue;
          if (recording) keepHistory(history);
          const workflowType = history.events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '';
          replayed.push({ workflowType, events: history.events.length });
          yield { workflowId, history };
        }
      }
      for await (const { error } of Worker.runReplayHistories(
        { workflowBundle: bundle, dataConverter: dataConverter(secrets) },
        histories(),
      )) {
        if (error) throw error;
      }
      return replayed;
    },
    async close() {
      stream.close();
      await ingestor?.close();
      for (const worker of workers) worker.shutdown();
      await running;
      await closeCoordinator();
      await coordinator.close();
      await exchange.close();
      await buffer.close();
      await journal.close();
    },
  };
}
