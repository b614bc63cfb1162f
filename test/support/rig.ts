import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { ensureTradingControl } from '../../activities/control/ensure.ts';
import { createCoordinatorActivities } from '../../activities/coordinator/index.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import {
  flattenWorkflowId,
  orderWorkflowId,
  planWorkflowId,
  protectWorkflowId,
  TRADING_CONTROL_ID,
} from '../../contracts/workflow-ids.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { agentIds } from '../../domain/signals/agents.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { beginRounds } from '../../runtime/telemetry/steady-rounds.ts';
import { createWorker, type TemporalSecrets } from '../../runtime/temporal.ts';
import { startCoordinator } from '../../services/mcp-coordinator/server.ts';
import type { Places } from '../../stores/backup/places.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { openWarehouse, type Warehouse } from '../../stores/warehouse/warehouse.ts';
import type { Agent } from '../../trading/agents/port.ts';
import { createOrderEvents } from '../../trading/execute/order-events.ts';
import { createIngest } from '../../trading/reconcile/ingest.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtMarket } from '../../venues/binance/ccxt-market.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { openUserStream } from '../../venues/binance/user-stream.ts';
import type { TradingPort } from '../../venues/port.ts';
import { haltOnStrangers, startIngestor } from '../../workers/ingestor.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { temporaryFolder, temporaryJournal, temporaryMarketBuffer } from './books.ts';
import { recording } from './histories.ts';
import { replayEach } from './replay.ts';
import { rigDefinitions, type WantedWorkers } from './rig-workers.ts';
import { type ScriptedView, scriptedAgent } from './scripted-agent.ts';

const silent = pino({ level: 'silent' });
const token = 'test-coordinator-token';

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
  askAgent: TaskQueue.cycles,
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
  options: WantedWorkers & {
    configuration?: Record<string, unknown>;
    /** Of the paper exchange, as in its section of the configuration. */
    exchange?: Record<string, unknown>;
    /** In the place of the scripted ones. */
    ownAgents?: (journal: Journal) => Record<string, Agent>;
    /** Reads trades and starts protective exits, as the control worker does. */
    withIngestor?: boolean;
    /** Those of the environment's client, too: with keys what the server keeps is encrypted. */
    secrets?: TemporalSecrets;
  } = {},
): Promise<Rig> {
  const configuration = parseConfiguration(
    {
      demo: true,
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
    demo: configuration.demo,
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

  const { connection, client } = { connection: environment.nativeConnection, client: environment.client };
  const { secrets = {} } = options;
  const bundle = await workflowBundle(secrets);
  const ingest = createIngest({
    journal,
    trading,
    account: 'main',
    symbols: configuration.symbols,
    holder: 'rig',
    onStrangers: haltOnStrangers({ journal, client, logger: silent }, 'main'),
    logger: silent,
  });
  const common = {
    connection,
    namespace: environment.namespace ?? 'default',
    shutdownGraceTime: '1s',
    shutdownForceTime: '3s',
  } as const;
  const definitions = rigDefinitions(
    {
      client,
      configuration,
      journal,
      buffer,
      warehouse,
      places,
      folder,
      market,
      marketClient,
      trading,
      bid,
      events,
      ingest,
      bundle,
      coordinator: coordinatorActivities,
      scripted: {
        ...Object.fromEntries(agentIds.map((id) => [id, scriptedAgent(id, () => views.current)])),
        ...options.ownAgents?.(journal),
      },
    },
    options,
  );

  const workers = await Promise.all(
    definitions.map((definition) => createWorker(secrets, { ...common, ...definition })),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  if (options.withControl !== false) await ensureTradingControl(client, 'main');

  const ingestor =
    options.withIngestor === true
      ? startIngestor({ ingest, journal, client, configuration, logger: silent, rounds: beginRounds('trades') })
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
      return replayEach(client, new Set([...started, ...orders, ...plans, ...others]), {
        workflowBundle: bundle,
        secrets,
      });
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
