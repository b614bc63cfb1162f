import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { whyForeign } from '../../runtime/foreign-requests.ts';
import type { Services } from '../../services/paper-exchange/rest/operation.ts';
import { ApiConnection } from '../../services/paper-exchange/streams/connection.ts';
import { answerSocket } from '../../services/paper-exchange/streams/socket-api.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { startTestExchange, type TestAccount, type TestExchange } from './harness.ts';
import { signedCall } from './signing.ts';

let exchange: TestExchange;
let account: TestAccount;
beforeAll(async () => {
  exchange = await startTestExchange({ requestWeightPerMinute: 100 });
  account = await exchange.account('door');
});
afterAll(() => exchange.close());

type Headers = Record<string, string>;

/** `fetch` keeps Host and Origin to itself. */
function ask(path: string, headers: Headers, method = 'GET'): Promise<{ status: number; code: unknown; msg: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${exchange.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => {
        text += data.toString('utf8');
      });
      response.on('end', () => {
        const { code, msg } = JSON.parse(text) as { code: unknown; msg: string };
        resolve({ status: response.statusCode ?? 0, code, msg });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function upgradeStatus(path: string, headers: Headers): Promise<number> {
  const socket = new WebSocket(`${exchange.url.replace('http', 'ws')}${path}`, { headers });
  const status = await new Promise<number>((resolve) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('open', () => resolve(101));
  });
  socket.on('error', () => undefined);
  socket.terminate();
  return status;
}

/** What a browser sends on behalf of a page. */
const pages: Array<[string, Headers]> = [
  ['a page’s form, fetch or WebSocket', { origin: 'https://evil.example' }],
  ['a page of this machine', { origin: 'http://localhost:3000' }],
  ['a page without an origin of its own', { origin: 'null' }],
  ['an image', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ['a page of another port', { 'sec-fetch-site': 'same-site' }],
  ['a page that was reached under a name of its own', { host: 'evil.example:8092' }],
  ['a name that begins as ours', { host: '127.0.0.1.evil.example' }],
  ['a name that ends as ours', { host: 'evil.localhost' }],
];

describe('web pages', () => {
  test.each(pages)('%s is refused on every path, and told why', async (_name, headers) => {
    for (const [method, path] of [
      ['GET', '/api/v3/ping'],
      ['GET', '/healthz'],
      ['GET', '/metrics'],
      ['GET', '/no-such-path'],
      ['OPTIONS', '/api/v3/order'],
      ['POST', '/api/v3/order'],
      ['POST', '/admin/accounts'],
    ] as const) {
      expect(await ask(path, headers, method), `${method} ${path}`).toMatchObject({
        status: 403,
        code: -1002,
        msg: expect.stringMatching(/header/),
      });
    }
    for (const path of ['/ws/btcusdt@trade', '/stream', '/ws-api/v3', '/no-such-path']) {
      expect(await upgradeStatus(path, headers), path).toBe(403);
    }
  });

  test('uses up nobody’s requests', async () => {
    for (let i = 0; i < 200; i += 1) await ask('/api/v3/exchangeInfo', { origin: 'https://evil.example' });
    const answer = await fetch(`${exchange.url}/api/v3/ping`);
    expect([answer.status, answer.headers.get('x-mbx-used-weight-1m')]).toEqual([200, '1']);
  });

  test.each([
    ['127.0.0.1', { host: '127.0.0.1:8092' }],
    ['127.0.0.1', { host: 'LocalHost' }],
    ['127.0.0.1', { host: '[::1]:8092' }],
    ['127.0.0.1', { host: 'localhost', 'sec-fetch-site': 'none' }],
    ['paper.internal', { host: 'Paper.internal:8092' }],
    ['::1', { host: '[::1]:1' }],
    ['0.0.0.0', { host: 'paper-exchange.trading.svc:8092' }],
  ])('a program that asks a server on %s by %j is served', (host, headers) => {
    expect(whyForeign(headers, host)).toBeUndefined();
  });

  test('the name of another machine is refused, and so is none', () => {
    expect(whyForeign({ host: 'paper.internal' }, '127.0.0.1')).toContain('localhost, 127.0.0.1, [::1]');
    expect(whyForeign({}, '127.0.0.1')).toContain('Host');
    expect(whyForeign({ host: 'x', origin: 'http://x' }, '0.0.0.0')).toContain('Origin');
  });
});

describe('a stranger’s requests', () => {
  let small: TestExchange;
  let owner: TestAccount;
  beforeAll(async () => {
    small = await startTestExchange({ requestWeightPerMinute: 100 });
    owner = await small.account('owner');
    const statuses: number[] = [];
    for (let i = 0; i < 75; i += 1) statuses.push((await fetch(`${small.url}/api/v3/exchangeInfo`)).status);
    expect(statuses.at(-1)).toBe(418);
  });
  afterAll(() => small.close());

  test('ban their own address, as Binance does', async () => {
    const answer = await fetch(`${small.url}/api/v3/ping`);
    expect([answer.status, Number(answer.headers.get('retry-after')) > 100]).toEqual([418, true]);
    const guessed = await fetch(`${small.url}/api/v3/ping`, { headers: { 'x-mbx-apikey': 'a'.repeat(64) } });
    expect(guessed.status).toBe(418);
  });

  test('stop no account’s orders, nor what its WebSocket API asks', async () => {
    const { status, headers } = await signedCall(owner, 'GET', '/openOrders', { symbol: 'BTCUSDT' });
    expect([status, headers.get('x-mbx-used-weight-1m')]).toEqual([200, '6']);
    const socket = new WebSocket(owner.urls.wsApi);
    await once(socket, 'open');
    const params = { apiKey: owner.apiKey, timestamp: Date.now() };
    const signature = createHmac('sha256', owner.secret)
      .update(`apiKey=${params.apiKey}&timestamp=${params.timestamp}`)
      .digest('hex');
    const answers: Array<Record<string, unknown>> = [];
    const answered = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (answers.push(JSON.parse(data.toString('utf8')) as Record<string, unknown>) === 2) resolve();
      });
    });
    socket.send(JSON.stringify({ id: 'mine', method: 'account.status', params: { ...params, signature } }));
    socket.send(JSON.stringify({ id: 'stranger', method: 'time' }));
    await answered;
    socket.close();
    expect(answers.find(({ id }) => id === 'mine')).toMatchObject({ status: 200 });
    expect(answers.find(({ id }) => id === 'stranger')).toMatchObject({ status: 418, error: { code: -1003 } });
  });

  test('starve nobody of market data who names a key with it, with or without the secret', async () => {
    const { apiKey, secret } = owner;
    const trader = createCcxtClient({ venue: 'binance', restUrl: small.url, apiKey, secret });
    const reader = createCcxtClient({ venue: 'binance', restUrl: small.url, apiKey });
    expect((await trader.fetchTicker('BTC/USDT')).last).toBeGreaterThan(0);
    expect((await reader.fetchTicker('BTC/USDT')).last).toBeGreaterThan(0);
    await expect(reader.fetchBalance()).rejects.toThrow(/credential/);
    const nobody = createCcxtClient({ venue: 'binance', restUrl: small.url });
    await expect(nobody.fetchTicker('BTC/USDT')).rejects.toThrow(/418/);
  });

  test('an account’s own excess is its own, and ends with it', async () => {
    const greedy = await small.account('greedy');
    const statuses: number[] = [];
    for (let i = 0; i < 75; i += 1) statuses.push((await signedCall(greedy, 'GET', '/account')).status);
    expect([statuses[0], statuses.includes(429), statuses.at(-1)]).toEqual([200, true, 418]);
    expect((await signedCall(owner, 'GET', '/account')).status).toBe(200);
  });
});

describe('what cannot be read', () => {
  const key = () => ({ 'x-mbx-apikey': account.apiKey });

  test.each([
    ['a content type that is none', { 'content-type': 'x' }, 'a=1', 400, -1100],
    ['a body of two megabytes', {}, 'a'.repeat(2_000_000), 413, -1101],
  ])('%s', async (_name, headers, body, status, code) => {
    const answer = await fetch(`${exchange.url}/api/v3/order`, {
      method: 'POST',
      headers: { ...key(), ...headers },
      body,
    });
    expect([answer.status, await answer.json()]).toMatchObject([status, { code, msg: expect.any(String) }]);
  });

  test('a target that is no URL', async () => {
    expect((await fetch(`${exchange.url}/api/v3/%zz`)).status).toBe(400);
  });

  test('parameters that lie deep', async () => {
    const socket = new WebSocket(account.urls.wsApi);
    await once(socket, 'open');
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const send = async (text: string) => {
      socket.send(text);
      return JSON.parse(String(((await once(socket, 'message')) as [Buffer])[0])) as Record<string, unknown>;
    };
    const { apiKey } = account;
    for (const method of ['order.place', 'ticker.price']) {
      expect(
        await send(`{"id":1,"method":"${method}","params":{"apiKey":"${apiKey}","symbol":${deep}}}`),
      ).toMatchObject({ id: 1, status: 400, error: { code: -1130, msg: expect.stringContaining('symbol') } });
    }
    expect(await send(`{"id":2,"method":${deep}}`)).toMatchObject({ status: 400, error: { code: -1135 } });
    expect(
      await send(`{"id":3,"method":"ticker.price","params":{"apiKey":"${apiKey}","symbols":["BTCUSDT","ETHUSDT"]}}`),
    ).toMatchObject({ id: 3, status: 200, result: [{ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }] });
    socket.close();
  });

  test('an error of our own is logged, and told as unknown only where something may have been written', async () => {
    const [lines, sent]: [string[], string[]] = [[], []];
    const socket = { readyState: 1, OPEN: 1, bufferedAmount: 0, send: (text: string) => void sent.push(text) };
    const limits = { spend: () => notReached(), used: () => 0, weightPerMinute: 1 };
    const services = {
      accounts: { known: () => undefined },
      limits,
      exchange: { now: () => 0 },
    } as unknown as Services;
    const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
    const connection = new ApiConnection(socket as unknown as WebSocket, '127.0.0.1');
    for (const method of ['order.place', 'ticker.price']) {
      await answerSocket(connection, JSON.stringify({ id: 1, method, params: {} }), services, logger);
    }
    expect(sent.map((text) => JSON.parse(text) as unknown)).toMatchObject([
      { status: 503, error: { code: -1007 } },
      { status: 500, error: { code: -1000 } },
    ]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('the disk is full');
  });
});

function notReached(): never {
  throw new Error('the disk is full');
}

test('on ::1 it is asked, traded on and listened to by its address in brackets', async () => {
  const sixth = await startTestExchange({ host: '::1' });
  try {
    expect(sixth.url).toBe(`http://[::1]:${sixth.configuration.port}`);
    const owner = await sixth.account('sixth');
    expect((await signedCall(owner, 'GET', '/openOrders', { symbol: 'BTCUSDT' })).body).toEqual([]);
    const socket = new WebSocket(`${owner.urls.ws}/btcusdt@kline_1m`);
    await new Promise((resolve, reject) => {
      socket.once('message', resolve);
      socket.once('error', reject);
    });
    socket.close();
  } finally {
    await sixth.close();
  }
});
