import type { binance } from 'ccxt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { midIn, type Prices } from '../../domain/market/prices.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtPrices } from '../../venues/binance/ccxt-prices.ts';
import { loadMarkets } from '../../venues/binance/markets.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';

const symbols = ['BTC/USDT', 'ETH/USDT', 'GONE/USDT'];

let exchange: TestExchange;
let client: binance;

beforeEach(async () => {
  exchange = await startTestExchange();
  client = createCcxtClient({ venue: 'binance', restUrl: exchange.url });
  await loadMarkets(client);
});
afterEach(() => exchange.close());

const read = async (): Promise<Prices['symbols']> => {
  const prices = createCcxtPrices(client, async () => 7);
  const statuses = await prices.statuses(symbols);
  return Promise.all(
    [...statuses].map(async ([symbol, status]) => ({ symbol, status, book: await prices.book(symbol, 5) })),
  );
};

describe('the prices of a decision', () => {
  it('are the books and statuses of what the exchange lists', async () => {
    await exchange.admin('POST', '/admin/faults', { kind: 'halt-symbol', symbol: 'ETHUSDT' });
    const found = await read();
    expect(found.map(({ symbol, status }) => [symbol, status])).toEqual([
      ['BTC/USDT', 'TRADING'],
      ['ETH/USDT', 'HALT'],
    ]);
    expect(midIn({ takenAt: 7, symbols: found }, 'BTC/USDT')?.toNumber()).toBeGreaterThan(0);
    expect(found[0]?.book.bids.length).toBeGreaterThan(0);
    expect(found[0]?.book.bids.length).toBeLessThanOrEqual(5);
  });

  it('are of all others where one was delisted since the markets were read', async () => {
    const asked: string[] = [];
    const ask = client.publicGetExchangeInfo.bind(client);
    client.publicGetExchangeInfo = async (request: { symbols?: string } = {}) => {
      asked.push(request.symbols ?? 'all');
      if (request.symbols?.includes('ETHUSDT')) throw new Error('binance {"code":-1121,"msg":"Invalid symbol."}');
      return ask(request);
    };
    expect((await read()).map(({ symbol }) => symbol)).toEqual(['BTC/USDT']);
    expect(asked.slice(0, 3)).toEqual(['["BTCUSDT","ETHUSDT"]', '["BTCUSDT"]', '["ETHUSDT"]']);
  });

  it('have the markets read anew where a symbol has stopped, or trades again', async () => {
    const markets = await loadMarkets(client);
    await exchange.admin('POST', '/admin/faults', { kind: 'halt-symbol', symbol: 'ETHUSDT' });
    expect(markets.listing('ETH/USDT')).toBe('traded');
    await read();
    await expect.poll(() => markets.listing('ETH/USDT')).toBe('halted');
    await exchange.admin('DELETE', '/admin/faults');
    await read();
    await expect.poll(() => markets.listing('ETH/USDT')).toBe('traded');
  });

  it('are none where the exchange does not answer', async () => {
    await exchange.admin('POST', '/admin/faults', {
      kind: 'server-error',
      method: 'GET',
      path: '/api/v3/depth',
      status: 503,
    });
    await expect(read()).rejects.toThrow(/-1007/);
  });
});
