import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { ensureEngineAccount } from '../../workers/hummingbot/account.ts';
import { adminToken, startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { signedCall } from '../paper-exchange/signing.ts';

const secrets = { paperAdminToken: adminToken };
let exchange: TestExchange;
beforeAll(async () => {
  exchange = await startTestExchange({ requestWeightPerMinute: 100 });
});
afterAll(() => exchange.close());

it('the engine’s account is made while a stranger’s requests are banned, with its money, once', async () => {
  for (let n = 0; n < 75; n += 1) await fetch(`${exchange.url}/api/v3/exchangeInfo`);
  expect((await fetch(`${exchange.url}/api/v3/ticker/price`)).status).toBe(418);
  const port = Number(new URL(exchange.url).port);
  const configuration = parseConfiguration({ paperExchange: { port } }, 'the test');
  const account = await ensureEngineAccount(configuration, secrets);
  const balances = async () => {
    const { status, body } = await signedCall({ ...account, name: 'hummingbot', created: false }, 'GET', '/account');
    expect(status).toBe(200);
    return body['balances'];
  };
  const before = await balances();
  const { paperBalance } = configuration.agents.hummingbot;
  expect(before).toMatchObject(
    expect.arrayContaining([
      expect.objectContaining({ asset: 'USDT', free: expect.stringMatching(`^${paperBalance}`) }),
    ]),
  );
  expect(await ensureEngineAccount(configuration, secrets)).toEqual(account);
  expect(await balances()).toEqual(before);
});
