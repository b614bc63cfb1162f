import { afterAll, beforeAll, expect, test } from 'vitest';
import { ccxtClient, startTestExchange, type TestExchange, until } from './harness.ts';

let venue: TestExchange;
let mirror: TestExchange;
beforeAll(async () => {
  venue = await startTestExchange();
  mirror = await startTestExchange({
    market: {
      kind: 'mirror',
      venue: 'binance',
      symbols: ['ETH/USDT', 'BTC/USDT'],
      restUrl: `${venue.url}/api/v3`,
      pollSeconds: 0.2,
    },
  });
});
afterAll(async () => {
  await mirror.close();
  await venue.close();
});

test('a mirror takes over history, precision and prices of its venue, and trades on its own book', async () => {
  const original = ccxtClient(await venue.account('reader'));
  const client = ccxtClient(await mirror.account('mirror'));
  await original.loadMarkets();
  await client.loadMarkets();
  expect(Object.keys(client.markets ?? {})).toEqual(['ETH/USDT', 'BTC/USDT']);
  expect(client.market('ETH/USDT').precision).toMatchObject({ price: 0.01, amount: 0.0001 });
  const [ours, theirs] = [
    await client.fetchOHLCV('BTC/USDT', '1m', undefined, 100),
    await original.fetchOHLCV('BTC/USDT', '1m', undefined, 100),
  ];
  expect(ours.slice(-51, -1).map((row) => row.slice(0, 5))).toEqual(
    theirs.slice(-51, -1).map((row) => row.slice(0, 5)),
  );
  await until(async () => {
    const [mine, other] = [await client.fetchTicker('BTC/USDT'), await original.fetchTicker('BTC/USDT')];
    return Math.abs(Number(mine.bid) / Number(other.bid) - 1) < 0.001 ? true : undefined;
  });
  const order = await client.createOrder('BTC/USDT', 'market', 'buy', 0.01);
  expect(order).toMatchObject({ status: 'closed', filled: 0.01 });
  expect((await original.fetchMyTrades('BTC/USDT')).length).toBe(0);
});

test('a venue that cannot be reached is named', async () => {
  await expect(
    startTestExchange({
      market: { kind: 'mirror', venue: 'binance', symbols: ['BTC/USDT'], restUrl: 'http://127.0.0.1:9/api/v3' },
    }),
  ).rejects.toThrow(/binance cannot be mirrored/);
});
