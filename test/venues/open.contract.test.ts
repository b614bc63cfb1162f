import { afterAll, beforeAll, expect, it } from 'vitest';
import { openVenue } from '../../venues/open.ts';
import type { Venue } from '../../venues/port.ts';
import { silent, startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';

const SYMBOL = 'BTC/USDT';

let exchange: TestExchange;
let venue: Venue;
beforeAll(async () => {
  exchange = await startTestExchange();
  const { apiKey, secret } = await exchange.account('main', { USDT: '10000' });
  venue = openVenue({ venue: 'binance', restUrl: exchange.url, apiKey, secret });
});
afterAll(() => exchange.close());

it('one door gives every port of an exchange', async () => {
  const [listings, trading, market, prices, touchOf] = await Promise.all([
    venue.listings(),
    venue.trading(),
    venue.market('paper', 1),
    venue.prices(),
    venue.watchedTouches(),
  ]);
  expect(listings.listing(SYMBOL)).toBe('traded');
  expect(await trading.balances()).toEqual({ USDT: '10000' });
  expect((await market.symbolSnapshot(SYMBOL, { timeframe: '1m', candles: 5 }, 5)).candles).toHaveLength(5);
  expect(await prices.statuses([SYMBOL])).toEqual(new Map([[SYMBOL, 'TRADING']]));
  const { bid, ask } = await touchOf(SYMBOL);
  expect(Number(bid)).toBeLessThan(Number(ask));
  const minuteAgo = (await trading.exchangeTime()) - 60_000;
  expect(Number(await venue.closingPrice(SYMBOL, minuteAgo))).toBeGreaterThan(0);
  expect(await venue.closingPrice('GONE/USDT', minuteAgo)).toBeUndefined();
});

it('its stream wakes once it listens', async () => {
  let woken = 0;
  const stream = venue.stream({ onEvent: () => void (woken += 1), logger: silent });
  await expect.poll(() => woken).toBeGreaterThan(0);
  stream.close();
});

it('a no of the exchange is told from its silence', async () => {
  const stranger = await openVenue({ venue: 'binance', restUrl: exchange.url, apiKey: 'x', secret: 'y' }).trading();
  const refused = await stranger.balances().catch((error: unknown) => error);
  expect(venue.isRefusal(refused)).toBe(true);
  expect(venue.isRefusal(new Error('no answer'))).toBe(false);
});

it('an account’s stream needs its keys', () => {
  const market = openVenue({ venue: 'binance', restUrl: exchange.url });
  expect(() => market.stream({ onEvent: () => {}, logger: silent })).toThrow('needs its keys');
});
