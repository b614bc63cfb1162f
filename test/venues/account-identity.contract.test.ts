import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { identityOf } from '../../venues/account-identity.ts';
import { marketNameAt } from '../../venues/binance/market-name.ts';
import { openVenue } from '../../venues/open.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';

async function exchange(): Promise<TestExchange> {
  const started = await startTestExchange();
  onTestFinished(() => started.close());
  return started;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function identityAt({ url, account }: TestExchange, name = 'main') {
  const { apiKey, secret } = await account(name);
  return (await openVenue({ venue: 'binance', restUrl: url, apiKey, secret }).trading()).accountIdentity();
}

it('no two accounts on no two paper exchanges look alike', async () => {
  const [one, other] = [await exchange(), await exchange()];
  const found = [await identityAt(one), await identityAt(one, 'second'), await identityAt(other)];
  expect(new Set(found.map(({ fingerprint }) => fingerprint)).size).toBe(3);
  expect(found[0]?.market).toBe(found[1]?.market);
  expect(found[2]?.market).not.toBe(found[0]?.market);
  expect(found[0]?.market).toMatch(/^paper exchange \d{10}$/);
});

it('a paper exchange stays the one that it was, and one that is made anew is another', async () => {
  const one = await exchange();
  const before = await identityAt(one);
  await one.restart();
  expect(await identityAt(one)).toEqual(before);
});

it('the database of an earlier paper exchange gets its identity at the first opening', async () => {
  const one = await exchange();
  await one.account('main');
  const database = new DatabaseSync(join(one.dataFolder, 'paper-exchange.db'));
  database.exec("DELETE FROM meta WHERE key = 'identity'");
  database.close();
  await one.restart();
  const given = await identityAt(one);
  await one.restart();
  expect(await identityAt(one)).toEqual(given);
});

it('who has no keys knows the market', async () => {
  const one = await exchange();
  const { market } = await identityAt(one);
  expect(await openVenue({ venue: 'binance', restUrl: one.url }).marketName()).toBe(market);
});

it('the same number on the venue, on its testnet and at another venue is another account', async () => {
  const markets = [undefined, 'https://testnet.binance.vision'].map((restUrl) => marketNameAt('binance', restUrl));
  expect(await Promise.all(markets)).toEqual(['binance', 'binance testnet']);
  const prints = [
    identityOf({ venue: 'binance', market: 'binance', uid: '7' }),
    identityOf({ venue: 'binance', market: 'binance testnet', uid: '7' }),
    identityOf({ venue: 'kraken', market: 'kraken', uid: '7' }),
    identityOf({ venue: 'binance', market: 'binance', uid: '8' }),
  ].map(({ fingerprint }) => fingerprint);
  expect(new Set(prints).size).toBe(4);
  // It tells nothing of the number but whether it is the same.
  for (const print of prints) expect(print).toMatch(/^[0-9a-f]{64}$/);
});

it.each([
  ['none', {}],
  ['an empty one', { uid: '' }],
  ['nobody’s', { uid: 0 }],
  ['no number', { uid: 'me' }],
  ['a broken one', { uid: 1.5 }],
  ['null', { uid: null }],
])('a uid that is %s makes no identity', async (_name, part) => {
  const one = await exchange();
  const { apiKey, secret } = await one.account('main');
  const answer = JSON.stringify({ balances: [], ...part });
  const between = createServer((request, response) => {
    if (request.url?.startsWith('/api/v3/account?')) response.end(answer);
    else void fetch(`${one.url}${request.url}`).then(async (real) => response.end(await real.text()));
  });
  const restUrl = `http://127.0.0.1:${await listening(between)}`;
  onTestFinished(() => void between.close());
  const trading = await openVenue({ venue: 'binance', restUrl, apiKey, secret }).trading();
  await expect(trading.accountIdentity()).rejects.toMatchObject({
    code: 'AccountUnidentified',
    message: expect.stringMatching(/^paper exchange \d+ does not say in a known form whose account it is \(uid\)/),
  });
});

it('an address that is no exchange’s of this release is named, and one that does not answer is no other account', async () => {
  const server = createServer((_request, response) => response.end('{"exchange":"x"}'));
  const port = await listening(server);
  await expect(marketNameAt('binance', `http://127.0.0.1:${port}`)).rejects.toMatchObject({
    code: 'AccountUnidentified',
  });
  server.close();
  await expect(marketNameAt('binance', `http://127.0.0.1:${port}`)).rejects.toThrow('fetch failed');
});
