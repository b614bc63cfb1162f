import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { chosenMarket, type MarketChoice } from '../../client/stack/chosen-market.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { Store } from '../../services/paper-exchange/persistence/store.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chosen-market-'));
  file = join(folder, 'trading.yml');
  vi.stubEnv('SAPPHIRE_DATA', folder);
  vi.stubEnv('SAPPHIRE_CONFIG', file);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function choose(text: string, choice: MarketChoice) {
  writeFileSync(file, text);
  return chosenMarket(loadConfiguration(), choice);
}

async function madeFor(market: object): Promise<void> {
  const store = new Store(join(folder, 'paper-exchange.db'));
  store.setMeta('market', JSON.stringify(market));
  await store.close();
}

test('without a choice the file stands as it is', () => {
  expect(choose('{}', {}).paperExchange.market.kind).toBe('synthetic');
  expect(process.env['SAPPHIRE_CONFIG']).toBe(file);
});

test.each([
  ['{}', { market: 'mirror' }, { kind: 'mirror', venue: 'binance' }],
  ['{}', { venue: 'kraken' }, { kind: 'mirror', venue: 'kraken' }],
  [
    'paperExchange: { market: { kind: mirror, venue: okx, pollSeconds: 5 } }',
    { venue: 'kraken' },
    { venue: 'kraken', pollSeconds: 5 },
  ],
  ['paperExchange: { market: { kind: mirror, venue: okx } }', { market: 'mirror' }, { venue: 'okx' }],
  ['paperExchange: { market: { kind: mirror } }', { market: 'synthetic' }, { kind: 'synthetic' }],
] satisfies [string, MarketChoice, object][])('%s with %j is for every process of this run', (text, choice, market) => {
  expect(choose(`symbols: [SOL/USDT]\n${text === '{}' ? '' : text}`, choice).paperExchange.market).toMatchObject(
    market,
  );
  const given = process.env['SAPPHIRE_CONFIG'] ?? '';
  expect(given).not.toBe(file);
  expect(loadConfiguration()).toMatchObject({ symbols: ['SOL/USDT'], paperExchange: { market } });
  expect(parse(readFileSync(given, 'utf8'))).toMatchObject({ symbols: ['SOL/USDT'] });
});

test.each([
  [
    'paperExchange: { market: { kind: synthetic, seed: 3 } }',
    { market: 'mirror' },
    /with --market mirror is not valid.*seed/,
  ],
  ['{}', { market: 'synthetic', venue: 'kraken' }, /--venue names an exchange to mirror: leave out --market synthetic/],
  ['mode: live', { market: 'mirror' }, /says mode: live/],
] satisfies [string, MarketChoice, RegExp][])('%s with %j says two things, and is refused', (text, choice, words) => {
  expect(() => choose(text, choice)).toThrow(words);
  expect(process.env['SAPPHIRE_CONFIG']).toBe(file);
});

test('books of another market are refused, with a folder for this one and the way back', async () => {
  await madeFor({ kind: 'synthetic', seed: 7, instruments: [] });
  expect(() => choose('{}', { market: 'mirror' })).toThrow(
    /are on the synthetic market, and this start is for the prices of binance.*SAPPHIRE_DATA=\S+-mirror npm start -- --market mirror --venue binance;/,
  );
  expect(choose('{}', {}).paperExchange.market.kind).toBe('synthetic');
  await madeFor({ kind: 'mirror', venue: 'kraken', instruments: [] });
  expect(() => choose('{}', {})).toThrow(
    /are on the prices of kraken.*npm start -- --market mirror --venue kraken, where/,
  );
  expect(() => choose('{}', { venue: 'okx' })).toThrow(/prices of kraken, and this start is for the prices of okx/);
  expect(choose('{}', { venue: 'kraken' }).paperExchange.market).toMatchObject({ venue: 'kraken' });
});
