import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Journal } from '../../stores/journal/port.ts';
import { listingsObservation } from '../../trading/health/books.ts';
import { probeExchange } from '../../trading/health/probes.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtPrices } from '../../venues/binance/ccxt-prices.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';

let exchange: TestExchange;
beforeEach(async () => {
  exchange = await startTestExchange();
});
afterEach(() => exchange.close());

it.each(['halt-symbol', 'delist-symbol'])(
  'health finds by itself that a symbol is not traded after a %s',
  async (kind) => {
    const { apiKey, secret } = await exchange.account('main');
    const client = createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret });
    const trading = await createCcxtTrading(client);
    const view = {
      serverTime: async () => Date.now(),
      balances: () => trading.balances(),
      isRefusal: () => false,
      listing: trading.listing,
      statuses: createCcxtPrices(client, trading.exchangeTime).statuses,
    };
    const journal = { ledger: { positions: async () => [] } } as unknown as Pick<Journal, 'ledger'>;
    const look = async (): Promise<string | undefined> => {
      await probeExchange(view, ['BTC/USDT', 'ETH/USDT']);
      return (await listingsObservation(journal, view, 'main', ['BTC/USDT', 'ETH/USDT']))[0]?.code;
    };
    expect(await look()).toBeUndefined();
    const { body } = await exchange.admin('POST', '/admin/faults', { kind, symbol: 'BTCUSDT', as: 'BREAK' });
    await expect.poll(look).toBe('market.untraded');
    const { id } = body as { id: number };
    await exchange.admin('DELETE', `/admin/faults/${id}`);
    if (kind === 'halt-symbol') await expect.poll(look).toBeUndefined();
  },
);
