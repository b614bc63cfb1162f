import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { operations } from '../../services/paper-exchange/rest/routes.ts';
import { startTestExchange, type TestAccount, type TestExchange } from './harness.ts';
import { signedCall } from './signing.ts';

let exchange: TestExchange;
let account: TestAccount;
let socket: WebSocket;
beforeAll(async () => {
  exchange = await startTestExchange({ requestWeightPerMinute: 1_000_000 });
  account = await exchange.account('parameters');
  socket = new WebSocket(account.urls.wsApi);
  await new Promise((resolve) => socket.once('open', resolve));
});
afterAll(async () => {
  socket.close();
  await exchange.close();
});

interface SocketAnswer {
  status: number;
  result?: unknown;
  error?: { code: number; msg: string };
  rateLimits?: unknown[];
}

async function ask(method: string, params: Record<string, unknown>): Promise<SocketAnswer> {
  const answered = new Promise<SocketAnswer>((resolve) =>
    socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString('utf8')) as SocketAnswer)),
  );
  socket.send(JSON.stringify({ id: 1, method, params }));
  return answered;
}

/** A request of the WebSocket API, signed as Binance says: over all parameters in the order of their names. */
async function askSigned(method: string, own: Record<string, string>): Promise<SocketAnswer> {
  const params: Record<string, string> = { ...own, apiKey: account.apiKey, timestamp: String(Date.now()) };
  const payload = Object.keys(params)
    .sort()
    .map((name) => `${name}=${params[name]}`)
    .join('&');
  return ask(method, { ...params, signature: createHmac('sha256', account.secret).update(payload).digest('hex') });
}

const market = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.001' };
const limit = { ...market, type: 'LIMIT', timeInForce: 'GTC', price: '50000' };
const stop = { ...limit, side: 'SELL', type: 'STOP_LOSS_LIMIT', stopPrice: '51000' };

/** Refused as a whole, whatever is sent with them. */
const withoutLists = operations.filter(({ path }) => !/^\/(order\/(oco|amend.*)|orderList.*|sor\/.*)$/.test(path));
const unread = (read: number) =>
  `Not all sent parameters were read; read '${read}' parameter(s) but was sent '${read + 1}'.`;
/** Where there is no parameter at all, Binance has other words. */
const tooMany = { code: -1101, msg: "Too many parameters; expected '0' and received '1'." };
const takesNone = new Set(
  'GET /ping,GET /time,POST /userDataStream,ping,time,userDataStream.start,session.status,session.subscriptions'.split(
    ',',
  ),
);
const refusal = (name: string, signed: boolean) =>
  takesNone.has(name) ? tooMany : { code: -1104, msg: unread(signed ? 2 : 0) };

describe('a parameter that Binance does not know', () => {
  test.each(withoutLists.map(({ method, path, security }) => ({ method, path, security })))(
    'is refused by $method $path',
    async ({ method, path, security }) => {
      if (security === 'signed') {
        const { status, body } = await signedCall(account, method, path, { stopPrise: '1' });
        expect({ status, body }).toEqual({ status: 400, body: refusal(`${method} ${path}`, true) });
        return;
      }
      const response = await fetch(`${account.urls.rest}${path}?stopPrise=1`, {
        method,
        headers: { 'x-mbx-apikey': account.apiKey },
      });
      expect({ status: response.status, body: await response.json() }).toEqual({
        status: 400,
        body: refusal(`${method} ${path}`, false),
      });
    },
  );

  test.each([
    ...withoutLists.flatMap(({ socketMethod, security }) =>
      socketMethod === undefined ? [] : [{ method: socketMethod, security }],
    ),
    { method: 'userDataStream.subscribe.signature', security: 'signed' },
    { method: 'userDataStream.unsubscribe', security: 'none' },
    { method: 'session.status', security: 'none' },
    { method: 'session.subscriptions', security: 'none' },
  ])('is refused by $method', async ({ method, security }) => {
    const own = { stopPrise: '1' };
    const answer =
      security === 'signed' ? await askSigned(method, own) : await ask(method, { ...own, apiKey: account.apiKey });
    expect(answer.error).toEqual(refusal(method, security === 'signed'));
  });

  test('is counted as Binance counts, the signature among those that were sent, and no order is placed', async () => {
    const { timeInForce, ...rest } = limit;
    const { body } = await signedCall(account, 'POST', '/order', { ...rest, timeInforce: timeInForce });
    expect(body).toEqual({ code: -1104, msg: unread(7) });
    expect((await signedCall(account, 'GET', '/openOrders', { symbol: 'BTCUSDT' })).body).toEqual([]);
  });

  test('of an order is none of a look-up', async () => {
    const query = { symbol: 'BTCUSDT', orderId: 1, newClientOrderId: 'x' };
    expect((await signedCall(account, 'GET', '/order', query)).body).toMatchObject({ code: -1104 });
    expect((await signedCall(account, 'DELETE', '/order', query)).body).toMatchObject({ code: -2011 });
  });
});

describe('a parameter of Binance that this exchange has not', () => {
  test.each([
    { parameters: { ...stop, trailingDelta: '100' }, code: -2010, text: 'Trailing stop orders' },
    { parameters: { ...limit, icebergQty: '0.0005' }, code: -2010, text: 'Iceberg orders' },
    { parameters: { ...limit, pegPriceType: 'PRIMARY_PEG' }, code: -2010, text: 'Pegged orders' },
    { parameters: { ...limit, strategyId: '7' }, code: -1020, text: "'strategyId'" },
    { parameters: { ...limit, strategyType: '1000000' }, code: -1020, text: "'strategyType'" },
  ])('is refused by name: $text', async ({ parameters, code, text }) => {
    for (const path of ['/order', '/order/test', '/order/cancelReplace']) {
      const own = path.endsWith('Replace') ? { cancelReplaceMode: 'ALLOW_FAILURE', cancelOrderId: '1' } : {};
      const { body } = await signedCall(account, 'POST', path, { ...parameters, ...own });
      expect(body['code']).toBe(code);
      expect(body['msg']).toContain(text);
    }
    const { error } = await askSigned('order.place', parameters);
    expect(error?.code).toBe(code);
    expect((await signedCall(account, 'GET', '/openOrders', { symbol: 'BTCUSDT' })).body).toEqual([]);
  });

  test('that only says what holds anyway is taken', async () => {
    const { body } = await signedCall(account, 'POST', '/order', { ...limit, icebergQty: '0.00' });
    expect(body).toMatchObject({ status: 'NEW' });
    await signedCall(account, 'DELETE', '/openOrders', { symbol: 'BTCUSDT' });
    const klines = (timeZone: string) =>
      fetch(`${account.urls.rest}/klines?symbol=BTCUSDT&interval=1m&limit=1&timeZone=${encodeURIComponent(timeZone)}`);
    expect((await klines('0')).status).toBe(200);
    expect(await (await klines('+5:30')).json()).toMatchObject({
      code: -1020,
      msg: expect.stringContaining('timeZone'),
    });
  });

  test.each([
    ['POST', '/order/oco', -2010, 'OCO orders'],
    ['POST', '/orderList/oco', -2010, 'OCO orders'],
    ['POST', '/orderList/otoco', -2010, 'OTOCO orders'],
    ['PUT', '/order/amend/keepPriority', -2010, 'Amended orders'],
    ['DELETE', '/orderList', -2011, 'Unknown order'],
    ['GET', '/orderList', -2018, 'does not exist'],
  ])('%s %s is refused in words that a client understands', async (method, path, code, text) => {
    const { body } = await signedCall(account, method, path, { symbol: 'BTCUSDT', aboveType: 'LIMIT_MAKER' });
    expect(body).toEqual({ code, msg: expect.stringContaining(text) });
  });
});

test('a replacement keeps to the restrictions of its cancellation', async () => {
  const placed = await signedCall(account, 'POST', '/order', limit);
  const { body } = await signedCall(account, 'POST', '/order/cancelReplace', {
    ...limit,
    cancelReplaceMode: 'STOP_ON_FAILURE',
    cancelOrderId: String(placed.body['orderId']),
    cancelRestrictions: 'ONLY_PARTIALLY_FILLED',
  });
  expect(body).toMatchObject({ code: -2022, data: { cancelResponse: { code: -2011 } } });
  expect((await signedCall(account, 'GET', '/openOrders', { symbol: 'BTCUSDT' })).body).toHaveLength(1);
  await signedCall(account, 'DELETE', '/openOrders', { symbol: 'BTCUSDT' });
});

test('an answer of the WebSocket API leaves out the limits where it was asked to', async () => {
  expect((await ask('time', {})).rateLimits).toHaveLength(1);
  expect(await ask('time', { returnRateLimits: false })).not.toHaveProperty('rateLimits');
});
