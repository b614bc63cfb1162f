import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { capabilities } from '../../venues/capabilities.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';

const infoSchema = z.object({
  rateLimits: z.array(z.looseObject({ rateLimitType: z.string(), limit: z.number() })),
  symbols: z.array(
    z.looseObject({
      allowedSelfTradePreventionModes: z.array(z.string()),
    }),
  ),
});

let exchange: TestExchange;
beforeAll(async () => {
  exchange = await startTestExchange();
});
afterAll(() => exchange.close());

it('the paper exchange says of itself what its row says', async () => {
  const info = infoSchema.parse(await (await fetch(`${exchange.url}/api/v3/exchangeInfo`)).json());
  const [symbol] = info.symbols;
  expect(symbol?.allowedSelfTradePreventionModes).toContain(capabilities.simulated.selfTradePrevention);
  const weight = info.rateLimits.find(({ rateLimitType }) => rateLimitType === 'REQUEST_WEIGHT');
  expect(weight?.limit).toBe(capabilities.simulated.weightPerMinute);
});

it('a port has the row of the venue that it speaks to', async () => {
  const paper = await createCcxtTrading(createCcxtClient({ venue: 'binance', restUrl: exchange.url }));
  expect(paper.capabilities).toBe(capabilities.simulated);
});
