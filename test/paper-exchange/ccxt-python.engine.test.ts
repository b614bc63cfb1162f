import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonEnvironment } from '../../client/stack/python-environment.ts';
import { startTestExchange, type TestAccount, type TestExchange } from './harness.ts';

const run = promisify(execFile);

let python: string;
let exchange: TestExchange;
let account: TestAccount;
beforeAll(async () => {
  python = await pythonEnvironment({
    name: 'ccxt',
    lockFile: 'test/paper-exchange/requirements.lock',
    python: '>=3.11',
  });
  exchange = await startTestExchange();
  account = await exchange.account('python');
});
afterAll(() => exchange?.close());

test('unmodified Python ccxt trades by overriding URLs only', async () => {
  const script = fileURLToPath(new URL('./ccxt_session.py', import.meta.url));
  const { stdout } = await run(python, [script], {
    env: {
      ...process.env,
      PAPER_REST: account.urls.rest,
      PAPER_WS: account.urls.ws,
      PAPER_WS_API: account.urls.wsApi,
      PAPER_KEY: account.apiKey,
      PAPER_SECRET: account.secret,
    },
  });
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
    symbols: ['BTC/USDT', 'ETH/USDT', 'SOL/USDT'],
    candles: 500,
    book: true,
    market: 'closed',
    fee: 'BTC',
    limit: 'open',
    byClientId: true,
    duplicate: 'InvalidOrder',
    canceled: 'canceled',
    missing: 'OrderNotFound',
    ioc: 'expired',
    maker: 'OrderImmediatelyFillable',
    poor: 'InsufficientFunds',
    stop: 'open',
    locked: true,
    watchedOrder: true,
    watchedBook: true,
  });
});
