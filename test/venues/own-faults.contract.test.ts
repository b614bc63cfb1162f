import type { binance } from 'ccxt';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import { breakerStates } from '../../runtime/telemetry/breaker.ts';
import { correlated } from '../../runtime/telemetry/correlation.ts';
import { startPaperExchange } from '../../services/paper-exchange/server.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtMarket } from '../../venues/binance/ccxt-market.ts';
import { createCcxtPrices } from '../../venues/binance/ccxt-prices.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { createWatchedTouches } from '../../venues/binance/watched-touches.ts';
import { adminToken, startTestExchange, type TestExchange, temporaryFolder } from '../paper-exchange/harness.ts';
import { fenced, leg } from '../support/books.ts';
import { freePort } from '../support/ports.ts';

const SYMBOL = 'BTC/USDT';

describe('an id that HTTP cannot carry as it is', () => {
  const ids = ['by hand – 2', 'a\r\nX-Other: 1', ' 100% of it ', '帯'.repeat(1_000)];

  it.each(ids)('reaches the log of the exchange as it was given (%j)', async (id) => {
    const lines: { correlationId?: string; route?: string }[] = [];
    const server = await startPaperExchange({
      configuration: paperExchangeSchema.parse({ port: await freePort() }),
      dataFolder: await temporaryFolder(),
      adminToken,
      logger: pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) }),
    });
    const client = createCcxtClient({ venue: 'binance', restUrl: server.url });
    await correlated(id, () => client.publicGetTime());
    await server.close();
    expect(lines.filter(({ route }) => route === '/api/v3/time').map((line) => line.correlationId)).toEqual([id]);
  });
});

describe('a request that we have made so that it cannot be sent', () => {
  let exchange: TestExchange;
  let client: binance;
  beforeEach(async () => {
    exchange = await startTestExchange();
    const { apiKey, secret } = await exchange.account('main', { USDT: '10000' });
    client = createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret });
  });
  afterEach(() => exchange.close());

  it('says nothing of the exchange’s health, and is known not to have been carried out', async () => {
    const trading = await createCcxtTrading(client);
    const market = await createCcxtMarket(client, 'paper');
    const prices = createCcxtPrices(client, trading.exchangeTime);
    const watched = await createWatchedTouches(client);
    const order = fenced(leg({ limitPrice: '30000', quantity: '0.001' }), 'sphone-1', await trading.exchangeTime());
    const before = client.headers;
    client.headers = { ...before, 'X-Other': 'by hand – 2' };
    for (let count = 0; count < 6; count += 1) {
      await expect(trading.touch(SYMBOL)).rejects.toThrow('invalid X-Other header');
      await expect(market.symbolSnapshot(SYMBOL, { timeframe: '1m', candles: 30 }, 5)).rejects.toThrow(
        'invalid X-Other header',
      );
      await expect(prices.book(SYMBOL, 5)).rejects.toThrow('invalid X-Other header');
      await expect(watched(SYMBOL)).rejects.toThrow('invalid X-Other header');
    }
    await expect(trading.place(order)).rejects.toMatchObject({ name: 'VenueRejection', code: 'InvalidArgumentError' });
    client.headers = before;
    expect(await trading.touch(SYMBOL)).toBeDefined();
    const states = breakerStates();
    for (const name of ['trading', 'market-data', 'prices', 'watched-prices'])
      expect(states[`exchange/${name}`], name).toBe('closed');
  });
});
