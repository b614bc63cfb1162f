import { setTimeout as sleep } from 'node:timers/promises';
import type { binance } from 'ccxt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { instrumentOf } from '../../venues/binance/ccxt-market.ts';
import { createCcxtPrices } from '../../venues/binance/ccxt-prices.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { loadMarkets, MARKETS_MS } from '../../venues/binance/markets.ts';
import { VenueRejection } from '../../venues/port.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { fenced, leg } from '../support/books.ts';

const SYMBOL = 'BTC/USDT';

let exchange: TestExchange;
let client: binance;
/** What the exchange lists from now on. */
let rules: { tickSize?: string; status?: string; listed?: boolean };
let readings: number;

beforeEach(async () => {
  exchange = await startTestExchange();
  const { apiKey, secret } = await exchange.account('main', { USDT: '10000' });
  client = createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret });
  rules = {};
  readings = 0;
  const read = client.publicGetExchangeInfo.bind(client);
  client.publicGetExchangeInfo = async (...request: Parameters<typeof read>) => {
    readings += 1;
    return changed(await read(...request));
  };
});
afterEach(() => exchange.close());

interface Info {
  symbols: { symbol: string; status: string; filters: Record<string, string>[] }[];
}

function changed(answer: unknown): Info {
  const info = structuredClone(answer) as Info;
  const { tickSize, status, listed = true } = rules;
  for (const symbol of info.symbols.filter((one) => one.symbol === 'BTCUSDT')) {
    if (status) symbol.status = status;
    const filter = symbol.filters.find(({ filterType }) => filterType === 'PRICE_FILTER');
    if (tickSize && filter) filter['tickSize'] = tickSize;
  }
  return listed ? info : { ...info, symbols: info.symbols.filter(({ symbol }) => symbol !== 'BTCUSDT') };
}

describe('the markets', () => {
  it('are read anew once they are ten minutes old, by whoever asks, who does not wait for it', async () => {
    let now = 0;
    const markets = await loadMarkets(client, () => now);
    rules = { tickSize: '0.10' };
    now = MARKETS_MS - 1;
    markets.listing(SYMBOL);
    expect(readings).toBe(1);
    now = MARKETS_MS;
    markets.listing(SYMBOL);
    markets.listing(SYMBOL);
    expect(instrumentOf(client, SYMBOL).tickSize).toBe('0.01');
    await expect.poll(() => instrumentOf(client, SYMBOL).tickSize).toBe('0.1');
    expect(readings).toBe(2);
  });

  it.each<[typeof rules, string]>([
    [{}, 'traded'],
    [{ status: 'BREAK' }, 'halted'],
    [{ listed: false }, 'unlisted'],
  ])('by %j have it %s', async (found, listing) => {
    const markets = await loadMarkets(client);
    rules = found;
    await markets.renew();
    expect(markets.listing(SYMBOL)).toBe(listing);
    expect(markets.listing('ETH/USDT')).toBe('traded');
  });

  it.each([{ status: 'BREAK' }, { listed: false }])(
    'by %j are read anew each half minute until it is traded again, while somebody asks for it',
    async (found) => {
      let now = 0;
      const markets = await loadMarkets(client, () => now);
      rules = found;
      await markets.renew();
      const before = readings;
      rules = {};
      now = 29_999;
      markets.listing('ETH/USDT');
      markets.listing(SYMBOL);
      expect(readings).toBe(before);
      now = 30_000;
      markets.listing('ETH/USDT');
      expect(readings).toBe(before);
      markets.listing(SYMBOL);
      await expect.poll(() => markets.listing(SYMBOL)).toBe('traded');
      expect(readings).toBe(before + 1);
    },
  );

  it('stay as they were where they cannot be read, and are asked for again', async () => {
    let now = 0;
    const markets = await loadMarkets(client, () => now);
    const answer = client.publicGetExchangeInfo;
    let failures = 0;
    client.publicGetExchangeInfo = async () => {
      failures += 1;
      throw new Error('away');
    };
    now = MARKETS_MS;
    expect(markets.listing(SYMBOL)).toBe('traded');
    await expect.poll(() => failures).toBe(1);
    expect(markets.listing(SYMBOL)).toBe('traded');
    expect(failures).toBe(1);
    client.publicGetExchangeInfo = answer;
    rules = { listed: false };
    now += 30_000;
    markets.listing(SYMBOL);
    await expect.poll(() => markets.listing(SYMBOL)).toBe('unlisted');
  });

  it('are one list for all that is made of one client', async () => {
    await Promise.all([loadMarkets(client), createCcxtTrading(client), loadMarkets(client)]);
    expect(readings).toBe(1);
  });

  it('are read anew when a decision finds that the exchange states other rules, and not when it states the same', async () => {
    await loadMarkets(client);
    const prices = createCcxtPrices(client, async () => 0);
    await prices.statuses([SYMBOL]);
    expect(readings).toBe(2);
    rules = { tickSize: '0.10' };
    await prices.statuses([SYMBOL]);
    await expect.poll(() => instrumentOf(client, SYMBOL).tickSize).toBe('0.1');
    await prices.statuses([SYMBOL]);
    await sleep(200);
    // Once at the start, once anew, and each time that the decision asked for one symbol.
    expect(readings).toBe(5);
  });

  it('are read anew after an answer that a symbol is none: it was delisted since', async () => {
    const trading = await createCcxtTrading(client);
    rules = { listed: false };
    client.publicGetTickerBookTicker = async () => {
      throw new Error('binance {"code":-1121,"msg":"Invalid symbol."}');
    };
    expect(trading.listing(SYMBOL)).toBe('traded');
    await expect(trading.touch(SYMBOL)).rejects.toThrow('-1121');
    await expect.poll(() => trading.listing(SYMBOL)).toBe('unlisted');
    expect(() => trading.instrument(SYMBOL)).toThrow(SYMBOL);
  });

  it('have an order on what is not listed refused before it is sent', async () => {
    const trading = await createCcxtTrading(client);
    const order = leg({ symbol: 'GONE/USDT' });
    const placed = trading.place(fenced(order, 'sph1-1', await trading.exchangeTime()));
    await expect(placed).rejects.toMatchObject({ name: 'VenueRejection', code: 'NotListed' });
  });

  it.each([
    ['by its filters', { limitPrice: '60000.001' }, 2],
    ['for want of money', { quantity: '5', limitPrice: '60000' }, 1],
  ])('are read anew after an order that the exchange refuses %s: %j, %d readings', async (_why, changes, expected) => {
    const trading = await createCcxtTrading(client);
    const order = leg(changes);
    const timestamp = await trading.exchangeTime();
    await expect(trading.place(fenced(order, 'sph1-1', timestamp))).rejects.toThrow(VenueRejection);
    await sleep(200);
    expect(readings).toBe(expected);
  });
});
