import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createSupervisor } from '../../client/stack/supervisor.ts';
import { roles } from '../../contracts/roles.ts';
import { engines } from '../../runtime/configuration/engines.ts';
import { shares } from '../../runtime/configuration/process-environment.ts';
import { type SecretName, secretVariables } from '../../runtime/configuration/secrets.ts';
import { standIn, temporaryFolder } from './harness.ts';

/** The word list is ours, and needs nothing but the port that it is told. */
const foreign = ['temporal', 'prometheus', 'alertmanager', 'something-new', 'engines/vader'];
const own = [
  'mcp-coordinator',
  'paper-exchange',
  'web-ui',
  'api',
  ...roles.map((role) => `workers/${role}`),
  ...engines.map((engine) => `engines/${engine}`).filter((name) => !foreign.includes(name)),
];
const secretNames = Object.keys(secretVariables) as SecretName[];
const CANARY = 'canary';
const folder = temporaryFolder();
const seen = new Map<string, Record<string, string>>();
const entrySchema = z.object({ name: z.string(), environment: z.record(z.string(), z.string()) });

/** The secrets that a process was started with, once by their variables and once by their files'. */
function secretsSeen(name: string): { values: SecretName[]; files: SecretName[] } {
  const environment = seen.get(name) ?? {};
  const given = (suffix: string): SecretName[] =>
    secretNames.filter((secret) => environment[`${secretVariables[secret]}${suffix}`] !== undefined).toSorted();
  return { values: given(''), files: given('_FILE') };
}

beforeAll(async () => {
  for (const variable of Object.values(secretVariables)) {
    vi.stubEnv(variable, CANARY);
    vi.stubEnv(`${variable}_FILE`, CANARY);
  }
  vi.stubEnv('SAPPHIRE_ALERT_SLACK_URL', CANARY);
  vi.stubEnv('TEMPORAL_API_KEY', CANARY);
  vi.stubEnv('PGPASSWORD', CANARY);
  vi.stubEnv('https_proxy', 'http://proxy.example');
  const events = join(folder.path, 'environments');
  const supervisor = createSupervisor({
    logFolder: folder.path,
    environment: { SAPPHIRE_RUN_ID: 'this' },
    settings: { TEMPORAL_ADDRESS: 'temporal.example:7233', SAPPHIRE_DATA: '/data' },
    logger: pino({ level: 'silent' }),
  });
  await supervisor.start([...foreign, ...own].map((name) => standIn(name, events, 'environment')));
  await supervisor.stop();
  const lines = readFileSync(events, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'));
  for (const { name, environment } of lines.map((line) => entrySchema.parse(JSON.parse(line)))) {
    seen.set(name, environment);
  }
});

afterAll(() => {
  vi.unstubAllEnvs();
  folder.remove();
});

const keys: SecretName[] = ['exchangeApiKey', 'exchangeSecret', 'paperApiKey', 'paperSecret'];
it.each<[string, SecretName[]]>([
  ['workers/control', [...keys, 'guardSecret', 'journalUrl', 'payloadKeys']],
  ['workers/housekeeping', [...keys, 'guardSecret', 'journalUrl', 'payloadKeys']],
  ['workers/execution', [...keys, 'guardSecret', 'journalUrl', 'payloadKeys']],
  ['workers/cycles', ['coordinatorToken', 'guardSecret', 'journalUrl', 'paperApiKey', 'payloadKeys']],
  [
    'workers/agents',
    [
      'deepseekApiKey',
      'fingptApiKey',
      'freqtradeEngineToken',
      'freqtradePassword',
      'guardSecret',
      'hummingbotApiPassword',
      'journalUrl',
      'newsFeeds',
      'payloadKeys',
      'qwenApiKey',
    ],
  ],
  ['mcp-coordinator', ['coordinatorToken', 'journalUrl']],
  ['paper-exchange', ['paperAdminToken']],
  ['api', ['apiToken', 'coordinatorToken', 'guardSecret', 'journalUrl', 'payloadKeys']],
  ['web-ui', ['webUiToken']],
  ['engines/freqtrade', ['freqtradeEngineToken']],
  ['engines/hummingbot', ['journalUrl', 'paperAdminToken']],
  ['engines/vader', []],
  ['engines/lag-llama', ['coordinatorToken', 'payloadKeys']],
  ['engines/fracast', ['coordinatorToken', 'payloadKeys']],
  ['temporal', []],
  ['prometheus', []],
  ['alertmanager', []],
  ['something-new', []],
])('%s gets its own secrets and no other', (name, secrets) => {
  expect(secretsSeen(name)).toEqual({ values: secrets.toSorted(), files: secrets.toSorted() });
});

it('a program of others gets nothing of ours, and what it needs of the system', () => {
  for (const name of foreign) {
    const environment = seen.get(name) ?? {};
    expect(JSON.stringify(environment)).not.toContain(CANARY);
    expect(
      Object.keys(environment)
        .filter((variable) => /^(SAPPHIRE|TEMPORAL)/.test(variable))
        .toSorted(),
    ).toEqual(['SAPPHIRE_RUN_ID', 'SAPPHIRE_SUPERVISED']);
    expect(environment).toMatchObject({ PATH: process.env['PATH'], https_proxy: 'http://proxy.example' });
  }
});

it('a process of ours gets its settings, and access to Temporal only where it uses it', () => {
  for (const name of own) expect(seen.get(name)).toMatchObject({ SAPPHIRE_DATA: '/data' });
  const withTemporal = own.filter((name) => seen.get(name)?.['TEMPORAL_API_KEY'] !== undefined);
  expect(withTemporal).toEqual([
    'api',
    ...roles.map((role) => `workers/${role}`),
    'engines/lag-llama',
    'engines/fracast',
  ]);
  for (const name of withTemporal) expect(seen.get(name)?.['TEMPORAL_ADDRESS']).toBe('temporal.example:7233');
  const alerting = [...seen].filter(([, environment]) => environment['SAPPHIRE_ALERT_SLACK_URL'] !== undefined);
  expect(alerting).toEqual([]);
});

it('every secret that is read belongs to a process', () => {
  const given = new Set(Object.values(shares).flatMap(({ secrets = [] }) => secrets));
  expect(secretNames.filter((name) => !given.has(name))).toEqual([]);
});
