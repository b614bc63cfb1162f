import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ccxtClient, ccxtProClient, startTestExchange, type TestAccount, type TestExchange, until } from './harness.ts';

const bases = ['W', '币安人生', '1000SATS', '1INCH'];

let exchange: TestExchange;
let account: TestAccount;
beforeAll(async () => {
  const terms = { tickSize: '0.01', stepSize: '0.001', minNotional: '5', startPrice: '100' };
  const instruments = bases.map((base) => ({ symbol: `${base}/USDT`, ...terms }));
  exchange = await startTestExchange({ market: { kind: 'synthetic', instruments } });
  account = await exchange.account('symbols', { USDT: '100000', 币安人生: '5', W: '5' });
});
afterAll(() => exchange.close());

describe.each(bases)('%s/USDT', (base) => {
  const symbol = `${base}/USDT`;

  test('is traded by an unmodified ccxt: order, trades, cancellation, balance, candles', async () => {
    const client = ccxtClient(account);
    await client.loadMarkets();
    expect(client.market(symbol)).toMatchObject({ id: `${base}USDT`, base, quote: 'USDT' });
    const before = (await client.fetchBalance())[base]?.free ?? 0;
    const bought = await client.createOrder(symbol, 'market', 'buy', 1);
    expect(bought).toMatchObject({ symbol, status: 'closed', filled: 1 });
    expect((await client.fetchMyTrades(symbol)).map((trade) => trade.symbol)).toContain(symbol);
    expect(Number((await client.fetchBalance())[base]?.free) - before).toBeCloseTo(0.999, 8);
    const resting = await client.createOrder(symbol, 'limit', 'buy', 1, 50);
    expect(await client.fetchOpenOrders(symbol)).toHaveLength(1);
    await client.cancelOrder(String(resting.id), symbol);
    expect((await client.fetchOHLCV(symbol, '5m', undefined, 3)).length).toBe(3);
  });

  test('is watched by an unmodified ccxt, and under its name in a path', async () => {
    const client = ccxtProClient(account);
    // In Node ccxt opens unencrypted ws:// URLs only after this call of its own.
    await client.loadHttpProxyAgent();
    try {
      expect((await client.watchOrderBook(symbol)).symbol).toBe(symbol);
    } finally {
      await client.close();
    }
    const socket = new WebSocket(`${account.urls.ws}/${encodeURIComponent(`${base.toLowerCase()}usdt@kline_1m`)}`);
    const told: unknown[] = [];
    socket.on('message', (data: Buffer) => told.push(JSON.parse(data.toString('utf8'))));
    expect(await until(() => told[0])).toMatchObject({ e: 'kline', s: `${base}USDT` });
    socket.close();
  });
});

test('a path that is no encoding is no stream, and cuts nobody off', async () => {
  const socket = new WebSocket(`${account.urls.ws}/%E5%`);
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: 1 }));
  const listed = await new Promise((resolve) =>
    socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString('utf8')))),
  );
  expect(listed).toEqual({ result: [], id: 1 });
  socket.close();
});
