import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ccxtClient, startTestExchange, type TestAccount, type TestExchange } from './harness.ts';

const SYMBOL = 'BTC/USDT';

describe('unmodified ccxt on the paper exchange', () => {
  let exchange: TestExchange;
  let account: TestAccount;
  let client: ReturnType<typeof ccxtClient>;
  beforeAll(async () => {
    exchange = await startTestExchange();
    account = await exchange.account('ccxt');
    client = ccxtClient(account);
    await client.loadMarkets();
  });
  afterAll(() => exchange.close());

  test('reads the market: precision, book, candles, trades and tickers', async () => {
    expect(client.market(SYMBOL)).toMatchObject({
      active: true,
      precision: { price: 0.01, amount: 0.00001 },
      limits: { cost: { min: 5 } },
    });
    const book = await client.fetchOrderBook(SYMBOL, 50);
    expect(book.bids.length).toBeGreaterThanOrEqual(20);
    expect(book.asks.length).toBeGreaterThanOrEqual(20);
    const [bid, ask] = [Number(book.bids[0]?.[0]), Number(book.asks[0]?.[0])];
    expect((ask - bid) / bid).toBeGreaterThan(0);
    expect((ask - bid) / bid).toBeLessThan(0.0005);
    const candles = await client.fetchOHLCV(SYMBOL, '1m', undefined, 600);
    expect(candles).toHaveLength(600);
    for (let i = 1; i < candles.length; i += 1) {
      expect(Number(candles[i]?.[0]) - Number(candles[i - 1]?.[0])).toBe(60_000);
    }
    const since = Number(candles[100]?.[0]);
    const paged = await client.fetchOHLCV(SYMBOL, '1m', since, 10);
    expect(paged.map(([at]) => at)).toEqual(candles.slice(100, 110).map(([at]) => at));
    expect((await client.fetchOHLCV(SYMBOL, '1h', undefined, 5)).length).toBe(5);
    const ticker = await client.fetchTicker(SYMBOL);
    expect(ticker.last).toBeGreaterThan(0);
    expect(Object.keys(await client.fetchTickers())).toContain('ETH/USDT');
    expect(Object.keys(await client.fetchBidsAsks())).toContain('SOL/USDT');
    expect(Math.abs(Number(await client.fetchTime()) - Date.now())).toBeLessThan(2_000);
  });

  test('buys at market, pays the fee in the received asset, and sees it in balances and trades', async () => {
    const before = await client.fetchBalance();
    const order = await client.createOrder(SYMBOL, 'market', 'buy', 0.02);
    expect(order).toMatchObject({ status: 'closed', filled: 0.02, type: 'market' });
    const trades = (await client.fetchMyTrades(SYMBOL)).filter((trade) => trade.order === order.id);
    expect(trades.reduce((sum, trade) => sum + Number(trade.amount), 0)).toBeCloseTo(0.02, 8);
    expect(trades[0]?.fee).toMatchObject({ currency: 'BTC' });
    const after = await client.fetchBalance();
    expect(Number(after['BTC']?.free) - (before['BTC']?.free ?? 0)).toBeCloseTo(0.02 * 0.999, 8);
    expect(Number(before['USDT']?.free) - Number(after['USDT']?.free)).toBeCloseTo(Number(order.cost), 6);
  });

  test('spends a quote amount at market', async () => {
    const order = await client.createMarketBuyOrderWithCost(SYMBOL, 500);
    expect(order.status).toBe('closed');
    expect(Number(order.cost)).toBeGreaterThan(490);
    expect(Number(order.cost)).toBeLessThanOrEqual(500);
  });

  test('rests, finds by client id, lists and cancels a limit order', async () => {
    const last = Number((await client.fetchTicker(SYMBOL)).last);
    const price = Number(client.priceToPrecision(SYMBOL, last * 0.9));
    const order = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price, { clientOrderId: 'mine-1' });
    expect(order).toMatchObject({ status: 'open', filled: 0, price, clientOrderId: 'mine-1' });
    expect(await client.fetchOrder('', SYMBOL, { origClientOrderId: 'mine-1' })).toMatchObject({ id: order.id });
    expect((await client.fetchOpenOrders(SYMBOL)).map(({ id }) => id)).toContain(order.id);
    expect(Number((await client.fetchBalance())['USDT']?.used)).toBeCloseTo(price * 0.01, 6);
    await expect(client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price, { clientOrderId: 'mine-1' })).rejects.toThrow(
      /Duplicate order sent/,
    );
    expect(await client.cancelOrder(String(order.id), SYMBOL)).toMatchObject({ status: 'canceled' });
    expect(await client.fetchOrder(String(order.id), SYMBOL)).toMatchObject({ status: 'canceled' });
    await expect(client.cancelOrder(String(order.id), SYMBOL)).rejects.toThrow(/Unknown order sent/);
    // A client id is unique among open orders only: the same one is taken again once its order is gone.
    const again = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price, { clientOrderId: 'mine-1' });
    expect(again.id).not.toBe(order.id);
    expect(await client.fetchOrder('', SYMBOL, { origClientOrderId: 'mine-1' })).toMatchObject({ id: again.id });
    await client.cancelAllOrders(SYMBOL);
    expect(await client.fetchOpenOrders(SYMBOL)).toEqual([]);
    expect((await client.fetchOrders(SYMBOL)).map(({ id }) => id)).toEqual(
      expect.arrayContaining([order.id, again.id]),
    );
  });

  test('IOC, FOK and post-only keep their promises', async () => {
    const book = await client.fetchOrderBook(SYMBOL, 20);
    const low = Number(client.priceToPrecision(SYMBOL, Number(book.bids[0]?.[0]) * 0.98));
    const high = Number(client.priceToPrecision(SYMBOL, Number(book.asks[0]?.[0]) * 1.01));
    expect(await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, low, { timeInForce: 'IOC' })).toMatchObject({
      status: 'expired',
      filled: 0,
    });
    expect(await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, high, { timeInForce: 'IOC' })).toMatchObject({
      status: 'closed',
      filled: 0.01,
    });
    expect(await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, low, { timeInForce: 'FOK' })).toMatchObject({
      status: 'expired',
      filled: 0,
    });
    expect(await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, high, { timeInForce: 'FOK' })).toMatchObject({
      status: 'closed',
    });
    await expect(client.createOrder(SYMBOL, 'limit', 'buy', 0.01, high, { postOnly: true })).rejects.toThrow(
      /immediately match and take/,
    );
    expect(await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, low, { postOnly: true })).toMatchObject({
      status: 'open',
    });
    await client.cancelAllOrders(SYMBOL);
  });

  test('a stop-loss-limit waits with its funds locked', async () => {
    const last = Number((await client.fetchTicker(SYMBOL)).last);
    const stop = Number(client.priceToPrecision(SYMBOL, last * 0.9));
    const order = await client.createOrder(SYMBOL, 'STOP_LOSS_LIMIT', 'sell', 0.01, stop, { stopPrice: stop });
    const found = await client.fetchOrder(String(order.id), SYMBOL);
    expect(found).toMatchObject({ status: 'open', filled: 0 });
    expect(found.info).toMatchObject({ isWorking: false, type: 'STOP_LOSS_LIMIT' });
    expect(Number((await client.fetchBalance())['BTC']?.used)).toBeCloseTo(0.01, 8);
    await expect(
      client.createOrder(SYMBOL, 'STOP_LOSS_LIMIT', 'sell', 0.001, last * 2, { stopPrice: last * 2 }),
    ).rejects.toThrow(/trigger immediately/);
    await client.cancelOrder(String(order.id), SYMBOL);
    expect(Number((await client.fetchBalance())['BTC']?.used)).toBe(0);
  });

  test('refusals arrive as the classes that ccxt has for them', async () => {
    await expect(client.createOrder(SYMBOL, 'limit', 'buy', 5, 50_000)).rejects.toThrow(/insufficient balance/);
    await expect(client.createOrder(SYMBOL, 'limit', 'buy', 0.00001, 50_000)).rejects.toThrow(/NOTIONAL/);
    await expect(client.fetchOrder('999999', SYMBOL)).rejects.toThrow(/Order does not exist/);
    const stranger = ccxtClient({ ...account, apiKey: 'a'.repeat(64) });
    await expect(stranger.fetchBalance()).rejects.toThrow(/Invalid API-key/);
  });

  test('replaces an order in one request', async () => {
    const last = Number((await client.fetchTicker(SYMBOL)).last);
    const price = Number(client.priceToPrecision(SYMBOL, last * 0.9));
    const order = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price);
    const replaced = await client.editOrder(String(order.id), SYMBOL, 'limit', 'buy', 0.02, price);
    expect(replaced).toMatchObject({ status: 'open', amount: 0.02 });
    expect(await client.fetchOrder(String(order.id), SYMBOL)).toMatchObject({ status: 'canceled' });
    await client.cancelAllOrders(SYMBOL);
  });
});
