import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freePort } from '../support/ports.ts';
import { adminCall, adminToken, type TestAccount, temporaryFolder } from './harness.ts';
import { signedCall } from './signing.ts';

interface LoggedOrder {
  clientOrderId: string;
  orderId: number;
  status: string;
  side: string;
  price: string;
  origQty: string;
  executedQty: string;
  cummulativeQuoteQty: string;
}

async function start(port: number, folder: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), [String(port), folder, adminToken]);
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the exchange ended with ${code}`))),
  ]);
  return child;
}

/** Hundred-millionths of a text with eight decimals. */
function units(text: string): bigint {
  return BigInt(text.replace('.', ''));
}

test('kill -9 under load loses no acknowledged order, and the balances add up', async () => {
  const folder = await temporaryFolder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const acknowledged = new Map<string, { orderId: unknown; status: unknown }>();
  let sent = 0;
  let child = await start(port, folder);
  const account = (
    await adminCall(url, 'POST', '/admin/accounts', { name: 'victim', balances: { USDT: '1000000', BTC: '10' } })
  ).body as TestAccount;
  for (let round = 0; round < 3; round += 1) {
    const book = (await (await fetch(`${url}/api/v3/ticker/bookTicker?symbol=BTCUSDT`)).json()) as { askPrice: string };
    const ask = Number(book.askPrice);
    const run = { alive: true };
    const trader = async (worker: number) => {
      for (let i = 0; run.alive; i += 1) {
        const id = `r${round}w${worker}n${i}`;
        sent += 1;
        try {
          const resting = i % 3 === 0;
          const { status, body } = await signedCall(account, 'POST', '/order', {
            symbol: 'BTCUSDT',
            side: i % 2 === 0 ? 'BUY' : 'SELL',
            type: 'LIMIT',
            timeInForce: resting ? 'GTC' : 'IOC',
            quantity: '0.0002',
            price: (ask * (resting ? (i % 2 === 0 ? 0.97 : 1.03) : i % 2 === 0 ? 1.01 : 0.99)).toFixed(2),
            newClientOrderId: id,
          });
          if (status === 200) acknowledged.set(id, { orderId: body['orderId'], status: body['status'] });
        } catch {
          return;
        }
      }
    };
    const traders = [0, 1, 2, 3, 4, 5].map(trader);
    await new Promise((resolve) => setTimeout(resolve, 400));
    child.kill('SIGKILL');
    await once(child, 'exit');
    run.alive = false;
    await Promise.all(traders);
    child = await start(port, folder);
  }
  try {
    expect(acknowledged.size).toBeGreaterThan(50);
    const log = (await adminCall(url, 'GET', '/admin/log?account=victim')).body as {
      orders: LoggedOrder[];
      trades: Array<{ qty: string; quoteQty: string; commission: string; isBuyer: boolean; orderId: number }>;
    };
    const byClientId = new Map(log.orders.map((order) => [order.clientOrderId, order]));
    for (const [id, { orderId }] of acknowledged) expect(byClientId.get(id)?.orderId).toBe(orderId);
    // An order that was under way when the process died is there wholly or not at all.
    expect(log.orders.length).toBeLessThanOrEqual(sent);

    const free = { USDT: units('1000000.00000000'), BTC: units('10.00000000') };
    for (const trade of log.trades) {
      const sign = trade.isBuyer ? 1n : -1n;
      free.BTC += sign * units(trade.qty) - (trade.isBuyer ? units(trade.commission) : 0n);
      free.USDT -= sign * units(trade.quoteQty) + (trade.isBuyer ? 0n : units(trade.commission));
    }
    const { body } = await signedCall(account, 'GET', '/account');
    const balances = body['balances'] as Array<{ asset: 'USDT' | 'BTC'; free: string; locked: string }>;
    for (const asset of ['USDT', 'BTC'] as const) {
      const balance = balances.find((one) => one.asset === asset);
      expect(units(balance?.free ?? '') + units(balance?.locked ?? '')).toBe(free[asset]);
    }
    const open = (await signedCall(account, 'GET', '/openOrders', { symbol: 'BTCUSDT' }))
      .body as unknown as LoggedOrder[];
    const lockedUsdt = open
      .filter(({ side }) => side === 'BUY')
      .reduce(
        (sum, order) => sum + (units(order.price) * (units(order.origQty) - units(order.executedQty))) / 100_000_000n,
        0n,
      );
    expect(units(balances.find(({ asset }) => asset === 'USDT')?.locked ?? '')).toBe(lockedUsdt);
    for (const order of log.orders) {
      const filled = log.trades
        .filter(({ orderId }) => orderId === order.orderId)
        .reduce((sum, { qty }) => sum + units(qty), 0n);
      expect(filled).toBe(units(order.executedQty));
    }
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
