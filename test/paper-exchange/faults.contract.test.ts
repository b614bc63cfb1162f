import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestExchange, type TestAccount, type TestExchange } from './harness.ts';
import { signedCall } from './signing.ts';

let exchange: TestExchange;
let account: TestAccount;
let counter = 0;
beforeAll(async () => {
  exchange = await startTestExchange();
  account = await exchange.account('faults');
});
afterEach(() => exchange.admin('DELETE', '/admin/faults'));
afterAll(() => exchange.close());

function order() {
  counter += 1;
  return {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.001',
    price: '50000',
    newClientOrderId: `fault-${counter}`,
  };
}
const fault = (settings: Record<string, unknown>) => exchange.admin('POST', '/admin/faults', { count: 1, ...settings });
const statuses = async () => {
  const answer = await fetch(`${account.urls.rest}/exchangeInfo`);
  const { symbols } = (await answer.json()) as { symbols: { symbol: string; status: string }[] };
  return Object.fromEntries(symbols.map(({ symbol, status }) => [symbol, status]));
};
const exists = async (clientId: string) =>
  (await signedCall(account, 'GET', '/order', { symbol: 'BTCUSDT', origClientOrderId: clientId })).status === 200;

test('an answer dropped after the order was accepted: the order is there', async () => {
  await fault({ kind: 'drop-answer', method: 'POST', path: '/api/v3/order' });
  const sent = order();
  await expect(signedCall(account, 'POST', '/order', sent)).rejects.toThrow();
  expect(await exists(sent.newClientOrderId)).toBe(true);
  expect((await signedCall(account, 'POST', '/order', order())).status).toBe(200);
});

test('one answer in so many is lost, and every other order of those was not executed', async () => {
  await fault({ kind: 'drop-either', method: 'POST', path: '/api/v3/order', every: 2, count: 2 });
  const fates = [];
  for (let n = 0; n < 5; n += 1) {
    const sent = order();
    const answered = await signedCall(account, 'POST', '/order', sent).then(
      () => true,
      () => false,
    );
    fates.push([answered, await exists(sent.newClientOrderId)]);
  }
  expect(fates).toEqual([
    [true, true],
    [false, false],
    [true, true],
    [false, true],
    [true, true],
  ]);
});

test.each(['FORGOTTEN', 'REJECTED', 'EXPIRED'])('an order that was taken and is %s', async (fate) => {
  const free = async () => {
    const { body } = await signedCall(account, 'GET', '/account');
    return (body['balances'] as { asset: string; free: string }[]).find(({ asset }) => asset === 'USDT')?.free;
  };
  const before = await free();
  await fault({ kind: 'lose-order', fate, account: 'faults' });
  const atOnce = { ...order(), timeInForce: 'IOC' };
  expect((await signedCall(account, 'POST', '/order', atOnce)).body).toMatchObject({ status: 'EXPIRED' });
  // It would trade at once.
  const sent = { ...order(), price: '70000' };
  const taken = await signedCall(account, 'POST', '/order', sent);
  expect(taken.body).toMatchObject({ status: 'NEW', executedQty: '0.00000000', fills: [] });
  const { orderId } = taken.body;
  const looks = async () => [
    await signedCall(account, 'GET', '/order', { symbol: 'BTCUSDT', origClientOrderId: sent.newClientOrderId }),
    await signedCall(account, 'GET', '/order', { symbol: 'BTCUSDT', orderId: String(orderId) }),
  ];
  const expected = fate === 'FORGOTTEN' ? { code: -2013 } : { status: fate, executedQty: '0.00000000' };
  for (const { body } of await looks()) expect(body).toMatchObject(expected);
  const open = (await signedCall(account, 'GET', '/openOrders')).body as unknown as { orderId: number }[];
  expect(open.map((each) => each.orderId)).not.toContain(orderId);
  expect(await free()).toBe(before);
  const { body } = await exchange.admin('GET', '/admin/log?account=faults');
  const { orders } = body as { orders: { clientOrderId: string; status: string }[] };
  expect(orders.find(({ clientOrderId }) => clientOrderId === sent.newClientOrderId)?.status).toBe(fate);
  await exchange.restart();
  for (const again of await looks()) expect(again.body).toMatchObject(expected);
});

test.each([
  { kind: 'rate-limit', status: 429, code: -1003 },
  { kind: 'ban', status: 418, code: -1003 },
  { kind: 'refuse-key', status: 401, code: -2015 },
  { kind: 'server-error', status: 503, code: -1007 },
])('$kind: refused and not executed', async ({ kind, status, code }) => {
  await fault({ kind, method: 'POST', account: 'faults' });
  const sent = order();
  const answer = await signedCall(account, 'POST', '/order', sent);
  expect([answer.status, answer.body['code']]).toEqual([status, code]);
  expect(await exists(sent.newClientOrderId)).toBe(false);
});

test('a server error after the execution: the order is there', async () => {
  await fault({ kind: 'server-error', status: 504, executed: true, path: '/api/v3/order' });
  const sent = order();
  expect((await signedCall(account, 'POST', '/order', sent)).status).toBe(504);
  expect(await exists(sent.newClientOrderId)).toBe(true);
});

test.each(['before', 'after'])('a delay %s the execution', async (when) => {
  await fault({ kind: 'delay', delayMs: 150, when });
  const startedAt = performance.now();
  expect((await signedCall(account, 'POST', '/order', order())).status).toBe(200);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(140);
});

test('a fault strikes only what it matches, as often as it says', async () => {
  await fault({ kind: 'server-error', account: 'somebody-else' });
  expect((await signedCall(account, 'GET', '/account')).status).toBe(200);
  expect((await exchange.admin('GET', '/admin/faults')).body).toHaveLength(1);
  await exchange.admin('DELETE', '/admin/faults');
  await fault({ kind: 'server-error', count: 2, path: '/api/v3/account' });
  const statuses = [];
  for (let i = 0; i < 3; i += 1) statuses.push((await signedCall(account, 'GET', '/account')).status);
  expect(statuses).toEqual([503, 503, 200]);
});

test('trades that come twice and in the wrong order', async () => {
  for (let n = 0; n < 2; n += 1) {
    await signedCall(account, 'POST', '/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.001' });
  }
  const ids = async () =>
    ((await signedCall(account, 'GET', '/myTrades', { symbol: 'BTCUSDT' })).body as unknown as { id: number }[]).map(
      ({ id }) => id,
    );
  const straight = await ids();
  await fault({ kind: 'shuffle-answer', path: '/api/v3/myTrades' });
  expect(await ids()).toEqual([...straight.slice(0, 1), ...straight].toReversed());
  expect(await ids()).toEqual(straight);
});

test('events that come twice and in the wrong order', async () => {
  const headers = { 'x-mbx-apikey': account.apiKey };
  const opened = await fetch(`${account.urls.rest}/userDataStream`, { method: 'POST', headers });
  const { listenKey } = (await opened.json()) as { listenKey?: unknown };
  const socket = new WebSocket(`${account.urls.ws}/${String(listenKey)}`);
  await new Promise((resolve) => socket.once('open', resolve));
  const told: unknown[] = [];
  socket.on('message', (data: Buffer) => {
    const { e: kind, x: execution } = JSON.parse(data.toString('utf8')) as { e: string; x: string };
    if (kind === 'executionReport') told.push(execution);
  });
  await fault({ kind: 'shuffle-events', account: 'faults' });
  await signedCall(account, 'POST', '/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.001' });
  await expect.poll(() => told.filter((execution) => execution === 'NEW').length).toBe(2);
  expect(told.at(-1)).toBe('NEW');
  socket.close();
});

test('a closed stream', async () => {
  const socket = new WebSocket(`${account.urls.ws}/btcusdt@trade`);
  await new Promise((resolve) => socket.once('open', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  expect((await fault({ kind: 'close-stream' })).body).toMatchObject({ closed: 1 });
  await closed;
});

test('a halted symbol takes no orders, shows it, and opens again', async () => {
  await fault({ kind: 'halt-symbol', symbol: 'BTCUSDT' });
  expect((await signedCall(account, 'POST', '/order', order())).body).toMatchObject({
    code: -2010,
    msg: 'Market is closed.',
  });
  const info = (await (await fetch(`${account.urls.rest}/exchangeInfo?symbol=BTCUSDT`)).json()) as {
    symbols: Array<{ status: string }>;
  };
  expect(info.symbols[0]?.status).toBe('HALT');
  await exchange.admin('DELETE', '/admin/faults');
  expect((await signedCall(account, 'POST', '/order', order())).status).toBe(200);
});

test('a halted symbol may say that it has a break, which ends with its fault', async () => {
  const { body } = await fault({ kind: 'halt-symbol', symbol: 'BTCUSDT', as: 'BREAK' });
  const { id } = body as { id: number };
  expect(await statuses()).toMatchObject({ BTCUSDT: 'BREAK', ETHUSDT: 'TRADING' });
  expect((await exchange.admin('DELETE', `/admin/faults/${id}`)).status).toBe(200);
  expect(await statuses()).toMatchObject({ BTCUSDT: 'TRADING' });
  expect((await exchange.admin('DELETE', `/admin/faults/${id}`)).status).toBe(404);
});

test('a delisted symbol is none, has no order left, and is listed again', async () => {
  const sent = order();
  await signedCall(account, 'POST', '/order', sent);
  await fault({ kind: 'delist-symbol', symbol: 'BTCUSDT', forMs: 1_500 });
  const asked = [
    await signedCall(account, 'POST', '/order', order()),
    await signedCall(account, 'GET', '/order', { symbol: 'BTCUSDT', origClientOrderId: sent.newClientOrderId }),
    await signedCall(account, 'GET', '/openOrders', { symbol: 'BTCUSDT' }),
    await signedCall(account, 'GET', '/myTrades', { symbol: 'BTCUSDT' }),
  ];
  expect(asked.map(({ body }) => body['code'])).toEqual([-1121, -1121, -1121, -1121]);
  expect(Object.keys(await statuses())).not.toContain('BTCUSDT');
  const other = { ...order(), symbol: 'ETHUSDT', price: '2900', quantity: '0.01' };
  expect((await signedCall(account, 'POST', '/order', other)).status).toBe(200);
  await expect.poll(statuses, { timeout: 5_000 }).toMatchObject({ BTCUSDT: 'TRADING' });
  const look = { symbol: 'BTCUSDT', origClientOrderId: sent.newClientOrderId };
  expect((await signedCall(account, 'GET', '/order', look)).body).toMatchObject({ status: 'CANCELED' });
  expect((await exchange.admin('POST', '/admin/faults', { kind: 'delist-symbol', symbol: 'NONE' })).status).toBe(400);
});

test('a fault ends by itself when its time is over', async () => {
  await fault({ kind: 'server-error', count: 1_000, method: 'GET', path: '/api/v3/ping', forMs: 150 });
  const ping = async () => (await fetch(`${exchange.url}/api/v3/ping`)).status;
  expect(await ping()).toBe(503);
  await expect.poll(ping).toBe(200);
  expect((await exchange.admin('GET', '/admin/faults')).body).toEqual([]);
});

test('a clock that is ahead says so, and refuses what is signed by another', async () => {
  await fault({ kind: 'skew-clock', skewMs: 60_000, count: 2 });
  const before = Date.now();
  const { serverTime } = (await (await fetch(`${exchange.url}/api/v3/time`)).json()) as { serverTime: number };
  expect(serverTime).toBeGreaterThanOrEqual(before + 60_000);
  const { status, body } = await signedCall(account, 'GET', '/account');
  expect({ status, code: body['code'] }).toEqual({ status: 400, code: -1021 });
  expect((await signedCall(account, 'GET', '/account')).status).toBe(200);
});

test('market data that stand still lack the newest candles', async () => {
  const klines = async () =>
    (await (await fetch(`${exchange.url}/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=20`)).json()) as number[][];
  const whole = await klines();
  await fault({ kind: 'stale-answer', path: '/api/v3/klines' });
  expect(await klines()).toHaveLength(whole.length - 10);
});

test('a balance is told that nobody has, and is the old one afterwards', async () => {
  const free = async () => {
    const { body } = await signedCall(account, 'GET', '/account');
    return (body['balances'] as { asset: string; free: string }[]).find(({ asset }) => asset === 'USDT')?.free;
  };
  const before = Number(await free());
  await fault({ kind: 'false-balance', path: '/api/v3/account', asset: 'USDT', amount: '5' });
  expect(Number(await free())).toBeCloseTo(before + 5);
  expect(Number(await free())).toBe(before);
});

test('a symbol is halted for as long as was wished', async () => {
  await fault({ kind: 'halt-symbol', symbol: 'BTCUSDT', forMs: 200 });
  const status = async () => (await signedCall(account, 'POST', '/order', order())).status;
  expect(await status()).toBe(400);
  await expect.poll(status).toBe(200);
});
