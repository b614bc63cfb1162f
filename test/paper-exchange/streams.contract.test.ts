import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ccxtProClient, startTestExchange, type TestAccount, type TestExchange, until } from './harness.ts';
import { signedCall } from './signing.ts';

type Message = Record<string, unknown>;

let exchange: TestExchange;
let account: TestAccount;
beforeAll(async () => {
  exchange = await startTestExchange();
  account = await exchange.account('streams');
});
afterAll(() => exchange.close());

async function listen(url: string): Promise<{ socket: WebSocket; messages: Message[] }> {
  const socket = new WebSocket(url);
  const messages: Message[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString('utf8')) as Message));
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return { socket, messages };
}

const buy = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.001' };

describe('market streams', () => {
  test('SUBSCRIBE on a numbered path gives raw events, as ccxt and Hummingbot want them', async () => {
    const { socket, messages } = await listen(`${account.urls.ws}/0`);
    const names = ['btcusdt@trade', 'btcusdt@depth@100ms', 'btcusdt@kline_1m', 'btcusdt@bookTicker', 'btcusdt@ticker'];
    socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: names, id: 1 }));
    socket.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: 2 }));
    await until(() => messages.find(({ id }) => id === 1));
    expect((await until(() => messages.find(({ id }) => id === 2)))['result']).toEqual(names);
    const of = (kind: string) => until(() => messages.find(({ e }) => e === kind));
    expect(await of('trade')).toMatchObject({ s: 'BTCUSDT', p: expect.any(String), t: expect.any(Number) });
    expect(await of('kline')).toMatchObject({ k: { i: '1m', x: false } });
    expect(await of('24hrTicker')).toMatchObject({ s: 'BTCUSDT' });
    await until(() => messages.find((message) => 'B' in message && 'u' in message && !('e' in message)));
    socket.send(JSON.stringify({ method: 'UNSUBSCRIBE', params: names, id: 3 }));
    await until(() => messages.find(({ id }) => id === 3));
    socket.close();
  });

  test('depth differences follow on a snapshot without a gap and lead to the book', async () => {
    const { socket, messages } = await listen(
      `${exchange.url.replace('http', 'ws')}/stream?streams=btcusdt@depth@100ms`,
    );
    await until(() => (messages.length > 1 ? true : undefined));
    const snapshot = (await (await fetch(`${account.urls.rest}/depth?symbol=BTCUSDT&limit=5000`)).json()) as {
      lastUpdateId: number;
      bids: Array<[string, string]>;
    };
    const seen = messages.length;
    await until(() => (messages.length > seen + 3 ? true : undefined));
    const events = messages.map((message) => message['data'] as { U: number; u: number; b: Array<[string, string]> });
    for (let i = 1; i < events.length; i += 1) expect(events[i]?.U).toBe((events[i - 1]?.u ?? 0) + 1);
    const bids = new Map(snapshot.bids);
    for (const event of events.filter(({ u }) => u > snapshot.lastUpdateId)) {
      for (const [price, quantity] of event.b) {
        if (Number(quantity) === 0) bids.delete(price);
        else bids.set(price, quantity);
      }
    }
    expect(bids.size).toBeGreaterThanOrEqual(20);
    socket.close();
  });
});

describe('user streams', () => {
  test('a listen key brings executionReport and outboundAccountPosition', async () => {
    const response = await fetch(`${account.urls.rest}/userDataStream`, {
      method: 'POST',
      headers: { 'x-mbx-apikey': account.apiKey },
    });
    const { listenKey } = (await response.json()) as { listenKey: string };
    const { socket, messages } = await listen(`${account.urls.ws}/${listenKey}`);
    const { body } = await signedCall(account, 'POST', '/order', { ...buy, newClientOrderId: 'by-key' });
    const report = await until(() => messages.find(({ e, x }) => e === 'executionReport' && x === 'TRADE'));
    expect(report).toMatchObject({
      c: 'by-key',
      i: body['orderId'],
      X: 'FILLED',
      N: 'BTC',
      m: false,
      V: 'EXPIRE_MAKER',
    });
    expect(messages.find(({ e, x }) => e === 'executionReport' && x === 'NEW')).toMatchObject({
      X: 'NEW',
      z: '0.00000000',
    });
    const position = await until(() => messages.find(({ e }) => e === 'outboundAccountPosition'));
    expect((position['B'] as Array<{ a: string }>).map(({ a }) => a).sort()).toEqual(['BTC', 'USDT']);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await fetch(`${account.urls.rest}/userDataStream?listenKey=${listenKey}`, {
      method: 'DELETE',
      headers: { 'x-mbx-apikey': account.apiKey },
    });
    await closed;
  });

  test('the WebSocket API: subscribe by signature, trade, query, and be refused', async () => {
    const { socket, messages } = await listen(account.urls.wsApi);
    const call = async (id: string, method: string, params: Record<string, unknown> = {}, signed = true) => {
      const full: Record<string, unknown> = signed
        ? { ...params, apiKey: account.apiKey, timestamp: Date.now() }
        : params;
      if (signed) {
        const payload = Object.keys(full)
          .sort()
          .map((name) => `${name}=${String(full[name])}`)
          .join('&');
        full['signature'] = createHmac('sha256', account.secret).update(payload).digest('hex');
      }
      socket.send(JSON.stringify({ id, method, params: full }));
      return until(() => messages.find((message) => message['id'] === id));
    };
    expect(await call('a', 'userDataStream.subscribe.signature')).toMatchObject({
      status: 200,
      result: { subscriptionId: 0 },
    });
    expect(await call('b', 'userDataStream.subscribe.signature')).toMatchObject({ error: { code: -2035 } });
    expect(await call('c', 'order.place', { ...buy, newClientOrderId: 'by-socket' })).toMatchObject({
      status: 200,
      result: { status: 'FILLED', clientOrderId: 'by-socket' },
    });
    const event = await until(() =>
      messages.find(({ event: inner }) => (inner as Message | undefined)?.['x'] === 'TRADE'),
    );
    expect(event).toMatchObject({ subscriptionId: 0, event: { e: 'executionReport', c: 'by-socket' } });
    await until(() =>
      messages.find(({ event: inner }) => (inner as Message | undefined)?.['e'] === 'outboundAccountPosition'),
    );
    expect(await call('d', 'order.status', { symbol: 'BTCUSDT', origClientOrderId: 'by-socket' })).toMatchObject({
      result: { status: 'FILLED' },
    });
    expect(await call('e', 'time', {}, false)).toMatchObject({ result: { serverTime: expect.any(Number) } });
    expect(await call('f', 'no.such.method', {}, false)).toMatchObject({ status: 400, error: { code: -1020 } });
    expect(
      await call('g', 'account.status', { apiKey: account.apiKey, timestamp: 1, signature: '0' }, false),
    ).toMatchObject({
      error: { code: -1022 },
    });
    expect(await call('h', 'userDataStream.unsubscribe', {}, false)).toMatchObject({ status: 200 });
    socket.close();
  });

  test('unmodified ccxt.pro watches book, trades, candles, orders, fills and balances', async () => {
    const client = ccxtProClient(account);
    try {
      // In Node ccxt opens unencrypted ws:// URLs only after this call of its own.
      await client.loadHttpProxyAgent();
      await client.loadMarkets();
      const book = await client.watchOrderBook('BTC/USDT');
      expect(book.bids.length).toBeGreaterThanOrEqual(20);
      expect((await client.watchTrades('BTC/USDT')).length).toBeGreaterThan(0);
      expect((await client.watchOHLCV('BTC/USDT', '1m')).length).toBeGreaterThan(0);
      expect((await client.watchTicker('BTC/USDT')).last).toBeGreaterThan(0);
      const orders = client.watchOrders('BTC/USDT');
      const fills = client.watchMyTrades('BTC/USDT');
      const balance = client.watchBalance();
      // The subscription is under way; an order sent before it stands would not be reported.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const order = await client.createOrder('BTC/USDT', 'market', 'buy', 0.002);
      expect((await orders).at(-1)?.id).toBe(order.id);
      expect((await fills).at(-1)?.order).toBe(order.id);
      expect(Number((await balance)['BTC']?.total)).toBeGreaterThan(0);
    } finally {
      await client.close();
    }
  });
});
