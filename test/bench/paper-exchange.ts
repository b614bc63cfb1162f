import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import { startPaperExchange } from '../../services/paper-exchange/server.ts';
import type { MatchingEngine } from '../../venues/simulated/engine/engine.ts';
import { createEngine, instrumentsOf } from '../../venues/simulated/market/create.ts';
import { freePort } from '../support/ports.ts';
import type { LoadReport, LoadRequest } from './paper-exchange-load.ts';

/**
 * How many orders the matching engine takes in process, and how many signed orders the whole exchange takes over loopback REST from a
 * second process with requests signed beforehand. Usage: node test/bench/paper-exchange.ts [--seconds 60] [--rate 2200]
 */
const ENGINE_ORDERS = 400_000;
const ADMIN_TOKEN = 'benchmark-admin-token-000000';

interface EngineReport {
  orders: number;
  trades: number;
  ordersPerSecond: number;
}

function benchEngine(): EngineReport {
  const instruments = instrumentsOf([{ symbol: 'BTC/USDT', tickSize: '0.01', stepSize: '0.00001', minNotional: '5' }]);
  const engine = createEngine(instruments, { makerFeeRate: '0.001', takerFeeRate: '0.001' }, 1_000_000);
  for (let account = 1; account <= 10; account += 1) {
    engine.balances.deposit(account, 'USDT', 10n ** 18n);
    engine.balances.deposit(account, 'BTC', 10n ** 16n);
  }
  run(engine, 50_000, 1);
  const startedAt = performance.now();
  const trades = run(engine, ENGINE_ORDERS, 2);
  const seconds = (performance.now() - startedAt) / 1_000;
  return { orders: ENGINE_ORDERS, trades, ordersPerSecond: Math.round(ENGINE_ORDERS / seconds) };
}

/** Limit orders around a middle price: about half rest, half trade; old ones are cancelled on top of the count. */
function run(engine: MatchingEngine, orders: number, seed: number): number {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
  let trades = 0;
  const resting: Array<{ account: number; id: number }> = [];
  for (let i = 0; i < orders; i += 1) {
    const account = 1 + random(10);
    const result = engine.apply({
      kind: 'place',
      at: i,
      account,
      instrument: 0,
      side: random(2) === 0 ? 'BUY' : 'SELL',
      type: 'LIMIT',
      timeInForce: 'GTC',
      price: 6_000_000 + random(400) - 200,
      quantity: 1 + random(5_000),
      quoteQuantity: 0n,
      stopPrice: 0,
      clientId: '',
      prevention: 'NONE',
    });
    if ('order' in result && result.order.level) resting.push({ account, id: result.order.id });
    if (resting.length > 2_000) {
      const old = resting.shift();
      if (old)
        engine.apply({ kind: 'cancel', at: i, account: old.account, instrument: 0, orderId: old.id, clientId: '' });
    }
    if (i % 100 === 0) trades += engine.drain().trades.length;
  }
  return trades + engine.drain().trades.length;
}

async function benchRest(seconds: number, rate: number): Promise<LoadReport> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'paper-exchange-bench-'));
  const server = await startPaperExchange({
    configuration: paperExchangeSchema.parse({
      port: await freePort(),
      requestWeightPerMinute: 1_000_000_000,
      ordersPerTenSeconds: 1_000_000_000,
    }),
    dataFolder,
    adminToken: ADMIN_TOKEN,
    logger: pino({ level: 'warn' }),
  });
  try {
    const accounts: LoadRequest['accounts'] = [];
    for (let i = 0; i < 8; i += 1) {
      const response = await fetch(`${server.url}/admin/accounts`, {
        method: 'POST',
        headers: { 'x-admin-token': ADMIN_TOKEN, 'content-type': 'application/json' },
        body: JSON.stringify({ name: `load-${i}`, balances: { USDT: '100000000', BTC: '1000' } }),
      });
      accounts.push((await response.json()) as LoadRequest['accounts'][number]);
    }
    const ticker = (await (await fetch(`${server.url}/api/v3/ticker/price?symbol=BTCUSDT`)).json()) as {
      price: string;
    };
    const price = Number(ticker.price);
    return await load({ url: server.url, accounts, seconds, rate, price });
  } finally {
    await server.close();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

function load(request: LoadRequest): Promise<LoadReport> {
  const child: ChildProcess = fork(fileURLToPath(new URL('./paper-exchange-load.ts', import.meta.url)));
  child.send(request);
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as LoadReport));
    child.once('exit', (code) => reject(new Error(`the load process ended with ${code}`)));
  });
}

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, rate: { type: 'string', default: '2200' } },
});
const engine = benchEngine();
console.log(`matching engine: ${engine.ordersPerSecond} orders/s (${engine.orders} orders, ${engine.trades} trades)`);
const rest = await benchRest(Number(values.seconds), Number(values.rate));
console.log(
  `signed REST orders: ${rest.ordersPerSecond}/s over ${rest.seconds} s, p50 ${rest.p50Ms} ms, p99 ${rest.p99Ms} ms, longest ${rest.longestMs} ms, ${rest.refused} refused`,
);
const memoryMb = Math.round(process.memoryUsage().rss / 1_048_576);
console.log(`memory of the exchange's process after the run: ${memoryMb} MB`);
console.log(JSON.stringify({ benchmark: 'paper-exchange', engine, rest, memoryMb }));
