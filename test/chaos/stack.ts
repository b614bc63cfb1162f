import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { connectTemporal } from '../../client/cli/context.ts';
import { stackAccess } from '../../client/stack/connection.ts';
import { ensurePaperAccount } from '../../client/stack/paper-account.ts';
import { readProfile } from '../../client/stack/profile.ts';
import type { ProcessSpec } from '../../client/stack/supervised-process.ts';
import { createSupervisor } from '../../client/stack/supervisor.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { temporalServer } from '../../client/stack/temporal-server.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { dataFolder, projectFolder } from '../../runtime/configuration/folders.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { operationsPort } from '../../runtime/roles.ts';
import { openJournal } from '../../stores/journal/open.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { tradingAccess } from '../../venues/access.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import type { TradingPort } from '../../venues/port.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { ROLE_PORTS } from '../support/installation.ts';
import { freeBlock, freePorts } from '../support/ports.ts';
import { clockOf, setClock } from './clock.ts';
import { type Failpoint, failpointNames } from './rewrites.ts';

/** Of every symbol; quote. */
export const MIN_NOTIONAL = '5';
const market = {
  kind: 'synthetic',
  instruments: [
    { symbol: 'BTC/USDT', tickSize: '0.01', stepSize: '0.00001', minNotional: MIN_NOTIONAL, startPrice: '60000' },
    { symbol: 'ETH/USDT', tickSize: '0.01', stepSize: '0.0001', minNotional: MIN_NOTIONAL, startPrice: '3000' },
    { symbol: 'SOL/USDT', tickSize: '0.01', stepSize: '0.001', minNotional: MIN_NOTIONAL, startPrice: '150' },
    { symbol: 'LTC/USDT', tickSize: '0.01', stepSize: '0.001', minNotional: MIN_NOTIONAL, startPrice: '90' },
    { symbol: 'XRP/USDT', tickSize: '0.0001', stepSize: '0.1', minNotional: MIN_NOTIONAL, startPrice: '2' },
    { symbol: 'ADA/USDT', tickSize: '0.0001', stepSize: '0.1', minNotional: MIN_NOTIONAL, startPrice: '0.8' },
  ],
};
export const symbols = market.instruments.map(({ symbol }) => symbol);

/** The processes, as they may be killed. */
export const victims = [
  'temporal',
  'paper-exchange',
  'mcp-coordinator',
  'workers/control',
  'workers/housekeeping',
  'workers/cycles',
  'workers/execution',
  'workers/agents',
] as const;
export type Victim = (typeof victims)[number];
/** Those whose clock may be wrong: each reads and writes times. */
export const clocked = ['workers/execution', 'workers/control', 'workers/cycles'] as const;
export type Clocked = (typeof clocked)[number];

/** What takes longer is taken for one that does not answer. */
const ANSWER_MS = 1_000;

export interface ChaosStack {
  folder: string;
  configuration: Configuration;
  client: Client;
  journal: Journal;
  /** The exchange as the harness sees it, through the endpoints that everyone has. */
  trading: TradingPort;
  /** Rejects when the exchange refuses or does not answer. */
  admin(method: 'GET' | 'POST' | 'DELETE', path: string, body?: Record<string, unknown>): Promise<unknown>;
  /** False when it does not run at the moment. */
  kill(victim: Victim): boolean;
  runs(victim: Victim): boolean;
  /** Whether Temporal, the worker of the kill switch and the exchange answer at this moment. */
  answers(): Promise<boolean>;
  /** Sets the wall clock of a worker that many milliseconds ahead, while it runs and when it starts again. */
  setClock(victim: Clocked, skewMs: number): void;
  /** As the worker itself has it. */
  clockOf(victim: Clocked): number;
  arm(failpoint: Failpoint): void;
  isArmed(failpoint: Failpoint): boolean;
  disarm(): void;
  hits(): { name: Failpoint; subject: string; at: number }[];
  /** Ends everything; the folder stays where `keep` says so. */
  stop(keep: boolean): Promise<void>;
}

/** Small orders of a large account, so that a thousand of them cost less than a loss limit. Tight barriers, so that they are hit. */
const trading = (style: string) => ({
  symbols,
  cycle: { candles: 30, bookLevels: 5 },
  logLevel: 'info',
  paperBalance: '100000',
  risk: {
    minTradeShare: 0.0005,
    maxOrdersPerMinute: 100_000,
    maxDailyLoss: 0.5,
    coolDownMinutes: 0,
    minHoldingSeconds: 0,
    reentryPauseSeconds: 0,
    maxDailyTurnover: 1_000,
    maxDailyFees: 1,
  },
  participation: { agents: { baseline: { enabled: false } } },
  // What rests at the exchange can be lost there.
  execution: { style, timeInForce: 'GTC', restSeconds: 2, sliceAboveNotional: '1200', sliceSeconds: 1 },
  // Soon, and above the fees both ways.
  protection: { stopLoss: 0.0009, takeProfit: 0.002, timeLimitMinutes: 1 },
});

/** What `npm start` runs, on ports and data of its own, with stand-ins for the agents, kept running as the shipped supervisor does it. */
export async function startChaosStack(options: {
  mutant?: string;
  style: string;
  onProgress: (words: string) => void;
}): Promise<ChaosStack> {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-chaos-'));
  const { grpc, ui, exchange, coordinator } = await freePorts('grpc', 'ui', 'exchange', 'coordinator');
  const operations = await freeBlock(ROLE_PORTS);
  const shipped = readProfile();
  const profile = { ...shipped, temporal: { ...shipped.temporal, ports: { grpc, ui } } };
  process.env['SAPPHIRE_DATA'] = join(folder, 'data');
  process.env['SAPPHIRE_CONFIG'] = join(folder, 'trading.yml');
  process.env['SAPPHIRE_STACK'] = join(folder, 'stack.yml');
  const own = { operationsPort: operations, coordinator: { port: coordinator } };
  const paperExchange = {
    port: exchange,
    market,
    makerFeeRate: '0.0004',
    takerFeeRate: '0.0004',
    ordersPerTenSeconds: 100_000,
    requestWeightPerMinute: 10_000_000,
  };
  writeFileSync(process.env['SAPPHIRE_CONFIG'], stringify({ ...trading(options.style), ...own, paperExchange }));
  writeFileSync(process.env['SAPPHIRE_STACK'], stringify(profile));
  const failpointFolder = join(folder, 'failpoints');
  mkdirSync(failpointFolder);

  const configuration = loadConfiguration();
  const access = stackAccess(profile, {});
  const supervisor = createSupervisor({
    logFolder: join(folder, 'logs'),
    environment: {
      SAPPHIRE_DATA: process.env['SAPPHIRE_DATA'],
      SAPPHIRE_CONFIG: process.env['SAPPHIRE_CONFIG'],
      TEMPORAL_ADDRESS: access.address,
      TEMPORAL_NAMESPACE: access.namespace,
      CHAOS_FAILPOINTS: failpointFolder,
      CHAOS_MUTANT: options.mutant ?? '',
    },
    // Dying is what the processes are here for: each is started again at once, and without end.
    limits: { maxRestarts: Number.MAX_SAFE_INTEGER, restartWindowMs: 1, firstBackoffMs: 100 },
    logger: pino({ level: 'silent' }),
  });
  const preload = join(projectFolder, 'test', 'chaos', 'preload.ts');
  const node = (name: Victim, file: string): ProcessSpec => ({
    name,
    command: process.execPath,
    args: ['--import', preload, join(projectFolder, file)],
  });
  mkdirSync(join(folder, 'logs'), { recursive: true });
  mkdirSync(dataFolder(), { recursive: true });
  try {
    options.onProgress('Starting Temporal and the paper exchange');
    await workflowBundle();
    const server = temporalServer(profile.temporal, await temporalBinary(profile.temporal), dataFolder());
    await supervisor.start([{ ...server, name: 'temporal' }]);
    const [exchangeUrl = ''] = await supervisor.start([
      node('paper-exchange', 'services/paper-exchange/main.ts'),
      node('mcp-coordinator', 'services/mcp-coordinator/main.ts'),
    ]);
    await ensurePaperAccount(exchangeUrl, configuration);
    options.onProgress('Starting the workers');
    await supervisor.start([
      node('workers/control', 'workers/control.ts'),
      node('workers/housekeeping', 'workers/housekeeping.ts'),
      node('workers/cycles', 'workers/cycles.ts'),
      node('workers/execution', 'workers/execution.ts'),
      node('workers/agents', 'test/chaos/agents-worker.ts'),
    ]);
    const client = await connectTemporal(access);
    const journal = await openJournal(configuration);
    const secrets = loadSecrets();
    const port = await createCcxtTrading(createCcxtClient(tradingAccess(configuration, secrets)));
    const pidOf = (victim: Victim): number | undefined =>
      supervisor.processes().find(({ name }) => name === victim)?.pid;

    return {
      folder,
      configuration,
      client,
      journal,
      trading: port,
      admin: async (method, path, body) => {
        const response = await fetch(`${exchangeUrl}/admin${path}`, {
          method,
          headers: { 'content-type': 'application/json', 'x-admin-token': secrets.paperAdminToken },
          ...(body ? { body: JSON.stringify(body) } : {}),
          signal: AbortSignal.timeout(20_000),
        });
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
        return response.json();
      },
      kill: (victim) => {
        const pid = pidOf(victim);
        if (pid === undefined) return false;
        // The server runs in a group of its own; so does each worker.
        process.kill(-pid, 'SIGKILL');
        return true;
      },
      runs: (victim) => pidOf(victim) !== undefined,
      answers: async () => {
        const get = async (url: string): Promise<void> => {
          const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
          if (!ok) throw new Error(`${url}: ${status}`);
        };
        const asked = await Promise.allSettled([
          client.withDeadline(Date.now() + ANSWER_MS, () => client.workflowService.getSystemInfo({})),
          get(`http://127.0.0.1:${operationsPort(configuration, 'control')}/healthz`),
          get(`${exchangeUrl}/api/v3/ping`),
        ]);
        return asked.every(({ status }) => status === 'fulfilled');
      },
      setClock: (victim, skewMs) => setClock(failpointFolder, victim, skewMs),
      clockOf: (victim) => clockOf(failpointFolder, victim),
      arm: (failpoint) => writeFileSync(join(failpointFolder, failpoint), ''),
      isArmed: (failpoint) => existsSync(join(failpointFolder, failpoint)),
      disarm: () => {
        for (const name of failpointNames) rmSync(join(failpointFolder, name), { force: true });
      },
      hits: () => readHits(join(failpointFolder, 'hits')),
      stop: async (keep) => {
        await client.connection.close();
        await journal.close();
        await supervisor.stop();
        if (!keep) rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

function readHits(file: string): { name: Failpoint; subject: string; at: number }[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as { name: Failpoint; subject: string; at: number });
}
