import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestExchange, type TestAccount, type TestExchange } from './harness.ts';
import { signedCall } from './signing.ts';

let exchange: TestExchange;
let account: TestAccount;
beforeAll(async () => {
  exchange = await startTestExchange();
  account = await exchange.account('protocol');
});
afterAll(() => exchange.close());

const limit = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.001',
  price: '50000',
};

function without(parameters: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).filter(([key]) => key !== name));
}

describe('signed requests', () => {
  test('a wrong signature, a missing one and an unknown key', async () => {
    expect(
      (await signedCall(account, 'GET', '/account', {}, (q) => q.replace(/.$/, (c) => (c === '0' ? '1' : '0')))).body,
    ).toMatchObject({
      code: -1022,
    });
    expect(
      (await signedCall(account, 'GET', '/account', {}, (q) => q.replace(/&signature=.*/, ''))).body,
    ).toMatchObject({
      code: -1102,
    });
    expect((await signedCall({ ...account, apiKey: 'f'.repeat(64) }, 'GET', '/account')).body).toMatchObject({
      code: -2015,
    });
    expect((await signedCall({ ...account, apiKey: 'short' }, 'GET', '/account')).body).toMatchObject({ code: -2014 });
    expect(
      (await signedCall(account, 'GET', '/account', {}, (q) => q.replace(/[a-f0-9]{64}$/, (s) => s.toUpperCase())))
        .status,
    ).toBe(200);
  });

  test.each([
    { name: 'too old', parameters: { timestamp: Date.now() - 60_000 }, code: -1021 },
    {
      name: 'older than its own window',
      parameters: { timestamp: Date.now() - 30_000, recvWindow: 1_000 },
      code: -1021,
    },
    { name: 'ahead of the server', parameters: { timestamp: Date.now() + 60_000 }, code: -1021 },
    { name: 'a window beyond a minute', parameters: { recvWindow: 60_001 }, code: -1013 },
  ])('$name', async ({ parameters, code }) => {
    expect((await signedCall(account, 'GET', '/account', parameters)).body).toMatchObject({ code });
  });

  test('a request held up beyond its window is refused and not executed', async () => {
    await exchange.admin('POST', '/admin/faults', { kind: 'delay', delayMs: 400, count: 1, path: '/api/v3/order' });
    const answer = await signedCall(account, 'POST', '/order', { ...limit, newClientOrderId: 'late', recvWindow: 200 });
    expect(answer.body).toMatchObject({ code: -1021 });
    expect(
      (await signedCall(account, 'GET', '/order', { symbol: 'BTCUSDT', origClientOrderId: 'late' })).body,
    ).toMatchObject({
      code: -2013,
    });
  });
});

describe('parameters and filters', () => {
  test.each([
    { name: 'an unknown symbol', parameters: { ...limit, symbol: 'NOPEUSDT' }, code: -1121 },
    { name: 'no symbol', parameters: without(limit, 'symbol'), code: -1102 },
    { name: 'a side that is none', parameters: { ...limit, side: 'HOLD' }, code: -1117 },
    { name: 'a type that is none', parameters: { ...limit, type: 'MAYBE' }, code: -1116 },
    { name: 'a time in force that is none', parameters: { ...limit, timeInForce: 'SOON' }, code: -1115 },
    { name: 'a limit order without a price', parameters: without(limit, 'price'), code: -1102 },
    { name: 'a limit order without time in force', parameters: without(limit, 'timeInForce'), code: -1102 },
    {
      name: 'a market order with a price',
      parameters: without({ ...limit, type: 'MARKET' }, 'timeInForce'),
      code: -1106,
    },
    { name: 'letters for a quantity', parameters: { ...limit, quantity: 'much' }, code: -1100 },
    { name: 'a negative quantity', parameters: { ...limit, quantity: '-1' }, code: -1100 },
    { name: 'too much precision', parameters: { ...limit, quantity: '0.001000001' }, code: -1111 },
    { name: 'a price off the tick', parameters: { ...limit, price: '50000.001' }, code: -1013, text: 'PRICE_FILTER' },
    { name: 'a quantity off the step', parameters: { ...limit, quantity: '0.0010001' }, code: -1013, text: 'LOT_SIZE' },
    { name: 'too little value', parameters: { ...limit, quantity: '0.00002' }, code: -1013, text: 'NOTIONAL' },
    { name: 'a price far away', parameters: { ...limit, price: '1' }, code: -1013, text: 'PERCENT_PRICE_BY_SIDE' },
    { name: 'too little money', parameters: { ...limit, quantity: '100' }, code: -2010, text: 'insufficient balance' },
    { name: 'a client id with blanks', parameters: { ...limit, newClientOrderId: 'a b' }, code: -1100 },
    { name: 'a prevention mode that is none', parameters: { ...limit, selfTradePreventionMode: 'HOPE' }, code: -1013 },
  ])('$name', async ({ parameters, code, text = '' }) => {
    const answer = await signedCall(account, 'POST', '/order', parameters);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code });
    expect(String(answer.body['msg'])).toContain(text);
  });

  test('ACK, RESULT and FULL answers', async () => {
    const send = async (kind: string) =>
      (await signedCall(account, 'POST', '/order', { ...limit, newOrderRespType: kind })).body;
    const [ack, result, full] = [await send('ACK'), await send('RESULT'), await send('FULL')];
    expect(Object.keys(ack)).toEqual(['symbol', 'orderId', 'orderListId', 'clientOrderId', 'transactTime']);
    expect(result).toMatchObject({ status: 'NEW', origQty: '0.00100000' });
    expect(full).toMatchObject({ fills: [] });
    await signedCall(account, 'DELETE', '/openOrders', { symbol: 'BTCUSDT' });
  });

  test('parameters may be spread over query and body, and a test order is not sent', async () => {
    expect((await signedCall(account, 'POST', '/order/test', limit)).body).toEqual({});
    expect((await signedCall(account, 'GET', '/openOrders', { symbol: 'BTCUSDT' })).body).toEqual([]);
  });
});

describe('limits', () => {
  test('weights are counted in headers, then 429 with Retry-After, then 418', async () => {
    const small = await startTestExchange({ requestWeightPerMinute: 100 });
    try {
      const used: number[] = [];
      let last: Response | undefined;
      for (let i = 0; i < 100; i += 1) {
        last = await fetch(`${small.url}/api/v3/exchangeInfo`);
        used.push(last.status);
        if (last.status === 418) break;
      }
      const first = await fetch(`${small.url}/api/v3/ping`);
      expect(used.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
      expect(used[5]).toBe(429);
      expect(used.at(-1)).toBe(418);
      expect(Number(first.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(first.headers.get('x-mbx-used-weight-1m'))).toBeGreaterThan(100);
      expect(await first.json()).toMatchObject({ code: -1003 });
    } finally {
      await small.close();
    }
  });

  test('orders of an account in ten seconds', async () => {
    const small = await startTestExchange({ ordersPerTenSeconds: 3 });
    try {
      const owner = await small.account('busy');
      const answers = [];
      for (let i = 0; i < 8; i += 1) answers.push(await signedCall(owner, 'POST', '/order', limit));
      expect(answers[0]?.headers.get('x-mbx-order-count-10s')).toBe('1');
      expect(answers.some(({ status, body }) => status === 429 && body['code'] === -1015)).toBe(true);
    } finally {
      await small.close();
    }
  });
});

describe('the admin endpoint', () => {
  test('wants its token', async () => {
    expect((await fetch(`${exchange.url}/admin/accounts`)).status).toBe(401);
    expect((await fetch(`${exchange.url}/admin/accounts`, { headers: { 'x-admin-token': 'wrong' } })).status).toBe(401);
  });

  test('gives the same account for the same name, and its money once', async () => {
    const first = await exchange.account('twice', { USDT: '100' });
    const second = await exchange.account('twice', { USDT: '100' });
    expect(second).toEqual({ ...first, created: false });
    const { body } = await signedCall(first, 'GET', '/account', { omitZeroBalances: 'true' });
    expect(body['balances']).toEqual([{ asset: 'USDT', free: '100.00000000', locked: '0.00000000' }]);
    await exchange.admin('POST', '/admin/deposits', { name: 'twice', asset: 'BTC', amount: '0.5' });
    expect((await signedCall(first, 'GET', '/account', { omitZeroBalances: 'true' })).body['balances']).toHaveLength(2);
    await exchange.restart();
    expect(await exchange.account('twice')).toEqual({ ...first, created: false });
  });

  test('refuses what it does not understand, and says what', async () => {
    expect(await exchange.admin('POST', '/admin/accounts', { name: 'x', balances: { USDT: 'lots' } })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('balances.USDT') },
    });
    expect((await exchange.admin('POST', '/admin/faults', { kind: 'earthquake' })).status).toBe(400);
    expect((await exchange.admin('GET', '/admin/clock')).body).toMatchObject({ speed: 1 });
    expect((await fetch(`${exchange.url}/healthz`)).status).toBe(200);
  });
});
