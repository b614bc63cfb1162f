import { afterEach, beforeEach, expect, it } from 'vitest';
import { bindOwnBooks } from '../../client/stack/bind-books.ts';
import { configurationSchema } from '../../contracts/config/schema.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { startTestExchange, type TestAccount, type TestExchange } from '../paper-exchange/harness.ts';
import { temporaryFolder } from '../support/books.ts';

const original = { ...process.env };
let exchange: TestExchange;
let account: TestAccount;
beforeEach(async () => {
  exchange = await startTestExchange();
  account = await exchange.account('main', { USDT: '1000' });
  process.env['SAPPHIRE_DATA'] = temporaryFolder();
});
afterEach(async () => {
  process.env = { ...original };
  await exchange.close();
});

function bind(apiKey: string, secret: string): Promise<string[]> {
  Object.assign(process.env, { SAPPHIRE_PAPER_API_KEY: apiKey, SAPPHIRE_PAPER_SECRET: secret });
  const { hostname: host, port } = new URL(exchange.url);
  const configuration = configurationSchema.parse({});
  return bindOwnBooks({
    ...configuration,
    paperExchange: { ...configuration.paperExchange, host, port: Number(port) },
  });
}

it('refuses keys that the exchange does not take, with what they are called, and takes the right ones', async () => {
  const refused = {
    code: 'KeysRefused',
    exitCode: ExitCode.refused,
    message: expect.stringMatching(/-(1022|2015).*SAPPHIRE_PAPER_API_KEY and SAPPHIRE_PAPER_SECRET\.$/),
  };
  await expect(bind(account.apiKey, 'w'.repeat(64))).rejects.toMatchObject(refused);
  await expect(bind('w'.repeat(64), account.secret)).rejects.toMatchObject(refused);
  expect(await bind(account.apiKey, account.secret)).toMatchObject([expect.stringContaining('are bound to')]);
});
