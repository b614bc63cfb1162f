import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, renameSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { readProfile } from '../../client/stack/profile.ts';
import { loadSecrets } from '../../contracts/config/secrets.ts';
import { protectWorkflowId } from '../../contracts/workflow-ids.ts';
import { decimal } from '../../domain/money.ts';
import { journalFile } from '../../stores/journal/open.ts';
import { warehouseFolder } from '../../stores/warehouse/warehouse.ts';
import { signedCall } from '../paper-exchange/signing.ts';
import type { GameDayStack, ModelMode } from './stack.ts';

export interface Fault {
  name: string;
  /** Components of incidents, or names of alerts, that tell of it. */
  tells: RegExp;
  /**
   * Does it. Whatever lasts ends by itself: the time, UTC epoch milliseconds, at which it will have ended is returned.
   */
  inject(stack: GameDayStack): Promise<number>;
  /** What a person does later, once it was judged. */
  mend?(stack: GameDayStack): void;
}

/** Long enough for the slowest of the watchers to look once. */
const LASTS_MS = 15_000;

function pid(stack: GameDayStack, name: string): number {
  const found = stack.pidOf(name);
  if (found === undefined) throw new Error(`${name} does not run`);
  return found;
}

function killed(name: string): Fault {
  return {
    name: `${name} is killed (kill -9)`,
    tells: new RegExp(`^process/${name}$|^TradingSystemDown$`),
    async inject(stack) {
      process.kill(-pid(stack, name), 'SIGKILL');
      return Date.now();
    },
  };
}

function hung(name: string): Fault {
  return {
    name: `${name} hangs (it is stopped, and answers no more)`,
    tells: new RegExp(`^process/${name}$|^TradingSystemDown$`),
    async inject(stack) {
      process.kill(-pid(stack, name), 'SIGSTOP');
      return Date.now();
    },
  };
}

/** Faults of the paper exchange, which ends them itself. */
function exchange(name: string, tells: RegExp, ...faults: Record<string, unknown>[]): Fault {
  return {
    name: `the exchange ${name}`,
    tells,
    async inject(stack) {
      let endsAt = 0;
      for (const fault of faults) {
        const forMs = typeof fault['forMs'] === 'number' ? fault['forMs'] : LASTS_MS;
        await stack.admin('POST', '/faults', { ...fault, forMs });
        endsAt = Math.max(endsAt, Date.now() + forMs);
      }
      return endsAt;
    },
  };
}

function model(name: string, mode: ModelMode, forMs: number): Fault {
  return {
    name: `a language model ${name}`,
    tells: /^agent\/deepseek$|^breaker\/agents\/deepseek|^cycle\/main$|^TradingCircuitBreakerOpen$/,
    async inject({ model: state }) {
      state.mode = mode;
      setTimeout(() => {
        state.mode = 'well';
      }, forMs);
      return Date.now() + forMs;
    },
  };
}

/** Does something now and undoes it by a timer that is set at once. */
function until(name: string, tells: RegExp, forMs: number, begin: (stack: GameDayStack) => () => void): Fault {
  return {
    name,
    tells,
    async inject(stack) {
      const end = begin(stack);
      setTimeout(end, forMs);
      return Date.now() + forMs;
    },
  };
}

function locked(file: string): () => void {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec('BEGIN EXCLUSIVE');
  return () => {
    database.exec('ROLLBACK');
    database.close();
  };
}

/** Writes until nothing is left. */
function fill(folder: string): () => void {
  const file = join(folder, 'of-another-program');
  const handle = openSync(file, 'w');
  const block = Buffer.alloc(16 * 1024 * 1024);
  try {
    for (;;) writeSync(handle, block);
  } catch {
    const { bavail, bsize } = statfsSync(folder);
    try {
      writeSync(handle, Buffer.alloc(bavail * bsize));
    } catch {
      // Full to the last block.
    }
  }
  closeSync(handle);
  return () => rmSync(file, { force: true });
}

const order = { method: 'POST', path: '/api/v3/order' } as const;
const lookUp = { method: 'GET', path: '/api/v3/order' } as const;
const exchangeTells =
  /^exchange$|^breaker\/exchange|^cycle\/main$|^market\/|^TradingCircuitBreakerOpen$|^TradingExchangeErrors$/;

export const faults: readonly Fault[] = [
  killed('temporal'),
  killed('paper-exchange'),
  killed('mcp-coordinator'),
  killed('workers/operations'),
  killed('workers/cycles'),
  killed('workers/agents'),
  killed('workers/execution'),
  killed('prometheus'),
  killed('alertmanager'),
  hung('mcp-coordinator'),
  hung('workers/cycles'),
  hung('workers/operations'),
  hung('temporal'),

  exchange('is away (503)', exchangeTells, { kind: 'server-error', status: 503 }),
  exchange('is slow (6 s an answer)', exchangeTells, { kind: 'delay', delayMs: 6_000 }),
  exchange('limits the rate (429)', /^exchange$|^exchangeTells/.source === '' ? exchangeTells : exchangeTells, {
    kind: 'rate-limit',
  }),
  exchange('bans the address (418)', exchangeTells, { kind: 'ban' }),
  exchange(
    'loses the answers to orders, and to look-ups of them',
    /^orders\/main$|^cycle\/main$|^TradingOrderUnresolved$|^breaker\/exchange/,
    { kind: 'drop-answer', ...order, forMs: 45_000 },
    { kind: 'drop-answer', ...lookUp, forMs: 45_000 },
  ),
  exchange(
    'executes orders and says 504',
    /^orders\/main$|^cycle\/main$|^TradingOrderUnresolved$|^breaker\/exchange/,
    { kind: 'server-error', status: 504, executed: true, ...order, forMs: 45_000 },
    { kind: 'server-error', status: 504, ...lookUp, forMs: 45_000 },
  ),
  exchange('halts a symbol', /^cycle\/main$|^market\/|^exchange$/, {
    kind: 'halt-symbol',
    symbol: 'BTCUSDT',
    forMs: 35_000,
  }),
  exchange('has a clock that is 5 s ahead', /^exchange\/clock$|^exchange$|^TradingExchangeClockSkew$/, {
    kind: 'skew-clock',
    skewMs: 5_000,
  }),
  exchange('gives the candles of ten minutes ago', /^market\/|^cycle\/main$|^TradingMarketDataStale$/, {
    kind: 'stale-answer',
    path: '/api/v3/klines',
    forMs: 20_000,
  }),
  exchange('says that we own more than we do', /^books\/main$|^trading\/main$|^TradingBooksDiffer$/, {
    kind: 'false-balance',
    path: '/api/v3/account',
    asset: 'BTC',
    amount: '0.5',
    forMs: 40_000,
  }),

  until(
    'another process locks the journal',
    /^health$|^process\/|^cycle\/main$|^TradingSystemDown$|^TradingHealthLookStale$|^schedule\//,
    25_000,
    () => locked(journalFile()),
  ),
  until('another process locks the market buffer', /^MarketRowsLost$|^outbox$|^cycle\/main$/, 40_000, ({ data }) =>
    locked(join(data, 'market-buffer.db')),
  ),
  until('the warehouse is away', /^outbox$|^WarehouseExportLagging$/, LASTS_MS, () => {
    const folder = warehouseFolder('paper');
    renameSync(folder, `${folder}.away`);
    writeFileSync(folder, 'away');
    return () => {
      rmSync(folder);
      renameSync(`${folder}.away`, folder);
    };
  }),
  {
    name: 'another program fills the disk',
    tells: /^disk$|^process\/|^TradingResourceExhaustion$|^TradingSystemDown$|^TradingHealthLookStale$|^cycle\/main$/,
    async inject({ folder, ownDisk }) {
      if (!ownDisk) throw new Error('no disk of its own could be mounted');
      const end = fill(folder);
      setTimeout(end, 20_000);
      return Date.now() + 20_000;
    },
  },

  model('is away (503)', 'away', 35_000),
  model('writes garbage', 'garbage', 35_000),
  model('does not answer', 'silent', 35_000),

  {
    name: 'the configuration is spoilt, and a worker has to start again',
    tells: /^configuration$|^process\/workers\/execution$/,
    async inject(stack) {
      renameSync(stack.configurationFile, `${stack.configurationFile}.good`);
      writeFileSync(stack.configurationFile, 'symbols: [nonsense\nrisk: 7\n');
      process.kill(-pid(stack, 'workers/execution'), 'SIGKILL');
      return Date.now();
    },
    mend: ({ configurationFile }) => renameSync(`${configurationFile}.good`, configurationFile),
  },
  {
    name: 'a bad release of the agents’ worker is rolled out and taken back',
    tells: /^agent\/|^cycle\/main$|^TradingActivityErrors$|^TradingAgentUnavailable$/,
    async inject(stack) {
      const worker = fork(join(import.meta.dirname, 'bad-release.ts'), {
        env: {
          ...process.env,
          TEMPORAL_ADDRESS: `127.0.0.1:${stack.installation.ports.grpc}`,
          TEMPORAL_NAMESPACE: readProfile().temporal.namespace,
        },
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      await once(worker, 'message');
      // The server gives a task to the poll that has waited longest: what comes back after this one is given none.
      process.kill(-pid(stack, 'workers/agents'), 'SIGTERM');
      setTimeout(() => worker.kill('SIGKILL'), 60_000);
      return Date.now() + 60_000;
    },
  },
  {
    name: 'somebody terminates the protective exits',
    tells: /^protection\/main$|^workflows\/main$/,
    async inject({ client, journal }) {
      const held = (await journal.ledger.positions('main')).filter(({ quantity }) => !decimal(quantity).isZero());
      if (held.length === 0) throw new Error('nothing is held');
      for (const { symbol } of held)
        await client.workflow.getHandle(protectWorkflowId('main', symbol)).terminate('game day');
      return Date.now();
    },
  },
  {
    name: 'somebody else sends an order on the account',
    tells: /^trading\/main$|^books\/main$|^TradingHalted$|^TradingBooksDiffer$/,
    async inject({ installation }) {
      const { paperApiKey: apiKey = '', paperSecret: secret = '' } = loadSecrets();
      const rest = `http://127.0.0.1:${installation.ports.exchange}/api/v3`;
      const account = { name: 'main', apiKey, secret, created: false, urls: { rest, ws: '', wsApi: '' } };
      const wish = {
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: '0.001',
        price: '20000',
      };
      await signedCall(account, 'POST', '/order', {
        ...wish,
        newClientOrderId: `gameday-${Date.now()}`,
      });
      return Date.now();
    },
  },
  {
    name: 'a worker is killed, and its port is taken',
    tells: /^process\/workers\/agents$|^TradingSystemDown$/,
    async inject(stack) {
      const port = stack.installation.ports.operations + 1;
      process.kill(-pid(stack, 'workers/agents'), 'SIGKILL');
      const server = createServer();
      for (let tries = 0; ; tries += 1) {
        try {
          await new Promise<void>((resolve, reject) => {
            server.once('error', reject);
            server.listen(port, '127.0.0.1', resolve);
          });
          break;
        } catch (error) {
          if (tries > 50) throw error;
          await sleep(5);
        }
      }
      setTimeout(() => server.close(), LASTS_MS);
      return Date.now() + LASTS_MS;
    },
  },
];
