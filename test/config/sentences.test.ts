import { expect, test } from 'vitest';
import { z } from 'zod';
import { policyText } from '../../client/controls/policy-settings.ts';
import { riskText } from '../../client/controls/risk-settings.ts';
import { profileSchema } from '../../client/stack/profile.ts';
import { faultsOf } from '../../contracts/config/faults.ts';
import { configurationSchema } from '../../contracts/config/schema.ts';
import { nearest } from '../../contracts/near-names.ts';

/** What zod says by itself, to nobody but programmers. */
const ofZod = /expected |received |NaN|Invalid (input|option|string)|Too (small|big)|Unrecognized/;

test.each([
  [
    { risk: { maxDailyLoss: '3%' } },
    'risk.maxDailyLoss: must be a share above 0 and up to 1: 3 % is 0.03 (it is "3%")',
  ],
  [{ risk: { maxSymbolExposure: 30 } }, 'risk.maxSymbolExposure: must be a share from 0 to 1: 30 % is 0.3 (it is 30)'],
  [
    { protection: { takeProfit: '6%' } },
    'protection.takeProfit: must be a number above 0 and up to 100: 6 % is 0.06 (it is "6%")',
  ],
  [
    { risk: { maxOrderNotional: 5000 } },
    'risk.maxOrderNotional: must be a decimal number in quotes, so that no digit of it is lost, e.g. "5000" (it is 5000)',
  ],
  [
    { cycle: { intervalSeconds: '15m' } },
    'cycle.intervalSeconds: must be a whole number of seconds from 30 to 86400: 15m is 900 (it is "15m")',
  ],
  [
    { cycle: { horizonMinutes: '2h' } },
    'cycle.horizonMinutes: must be a whole number of minutes from 1 to 10080: 2h is 120 (it is "2h")',
  ],
  [{ risk: { maxOrdersPerMinute: 2.5 } }, 'risk.maxOrdersPerMinute: must be a whole number of 1 at least (it is 2.5)'],
  [{ symbols: 'BTC/USDT' }, 'symbols: must be a list, e.g. [a, b] (it is "BTC/USDT")'],
  [{ symbols: [] }, 'symbols: must not be empty (it is [])'],
  [{ demo: 'yes' }, 'demo: must be true or false (it is "yes")'],
  [
    { execution: { style: 'limt' } },
    'execution.style: must be one of limit, market, chase, post_only, did you mean "limit"? (it is "limt")',
  ],
  [
    { paperExchange: { market: { kind: 'replai' } } },
    'paperExchange.market.kind: must be one of synthetic, replay, mirror, did you mean "replay"? (it is {"kind":"replai"})',
  ],
  [
    { warehouse: { bigquery: {} } },
    'warehouse.bigquery.project: is missing: it must be text, in quotes where it looks like a number',
  ],
  [{ risk: { maxDailyLos: 1 } }, 'risk: unknown key "maxDailyLos", did you mean "maxDailyLoss"?'],
  [{ symbol: [] }, 'the whole: unknown key "symbol", did you mean "symbols"?'],
  [{ maxDailyLoss: 0.03 }, 'the whole: unknown key "maxDailyLoss", it belongs in risk'],
  [{ agents: { deepsek: {} } }, 'agents: unknown key "deepsek", did you mean "deepseek"?'],
  ['hello', 'the whole: must hold keys with their values (it is "hello")'],
])('says of %j in trading.yml what it must be', (value, fault) => {
  expect(faultsOf(configurationSchema, value)).toEqual([fault]);
});

test('says of temporal-dev.yml what it must be, each fault at once', () => {
  const temporal = {
    host: '127.0.0.1',
    port: 7233,
    ports: { grpc: '7233', ui: 1 },
    retentionHours: '2d',
    searchAttributes: { A: 'Keywrd' },
  };
  const faults = faultsOf(profileSchema, { temporal });
  expect(faults).toContain(
    'temporal.retentionHours: must be a whole number of hours from 1 to 8760: 2d is 48 (it is "2d")',
  );
  expect(faults).toContain('temporal.ports.grpc: must be a whole number from 1 to 65535 (it is "7233")');
  expect(faults).toContain('temporal: unknown key "port", did you mean "ports"?');
  expect(faults.filter((fault) => ofZod.test(fault))).toEqual([]);
});

test.each([
  [riskText, 'maxDailyLoss=3%', 'maxDailyLoss: must be a share above 0 and up to 1: 3 % is 0.03 (it is "3%")'],
  [
    riskText,
    'minHoldingSeconds=15m',
    'minHoldingSeconds: must be a whole number of seconds from 0 to 86400: 15m is 900 (it is "15m")',
  ],
  [riskText, 'maxdailyloss=0.03', 'there is no limit "maxdailyloss", did you mean "maxDailyLoss"?'],
  [policyText, 'quorumCount=many', 'quorumCount: must be a whole number from 1 to 20 (it is "many")'],
  [policyText, 'pool=lin', 'pool: must be one of linear, log, did you mean "linear"? (it is "lin")'],
  [policyText, 'earnedTrust=yes', 'earnedTrust: must be true or false (it is "yes")'],
])('says of a setting on the command line what it must be', ({ parse }, text, fault) => {
  expect(() => parse([text])).toThrow(fault);
});

/** Values of every kind, each of which some key cannot be. */
const strange = [null, 'x', '3%', '15m', -1, 0, 1e12, 1.5, true, [], ['x'], {}, { x: 1 }];

test.each([
  ['trading.yml', configurationSchema],
  ['temporal-dev.yml', profileSchema],
])('leaks no word of zod, whatever stands at a key of %s', (_file, schema) => {
  const leaked = keysOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
    .flatMap((path) =>
      strange.map((value) => path.toReversed().reduce<unknown>((inner, key) => ({ [key]: inner }), value)),
    )
    .flatMap((value) => faultsOf(schema, value))
    .filter((fault) => ofZod.test(fault.replace(/\(it is .*/, '')));
  expect([...new Set(leaked)]).toEqual([]);
});

function keysOf({ properties = {} }: z.core.JSONSchema.JSONSchema): string[][] {
  return Object.entries(properties).flatMap(([key, part]) => [
    [key],
    ...(typeof part === 'object' ? keysOf(part).map((rest) => [key, ...rest]) : []),
  ]);
}

test.each([
  ['maxdailyloss', 'maxDailyLoss'],
  ['stop_loss', 'stopLoss'],
  ['interval', undefined],
  ['dialy', 'daily'],
  ['', undefined],
])('takes %s for %s', (given, meant) => {
  expect(nearest(given, ['maxDailyLoss', 'stopLoss', 'daily', 'maxDrawdown'])).toBe(meant);
});
