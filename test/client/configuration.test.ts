import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readProfile } from '../../client/stack/profile.ts';
import { profileMeanings } from '../../client/stack/profile-meanings.ts';
import { defaultsYaml } from '../../client/views/configuration-defaults.ts';
import { profileKeys, tradingKeys } from '../../client/views/configuration-keys.ts';
import { configurationPage } from '../../client/views/configuration-page.ts';
import { viewConfiguration } from '../../client/views/configuration-view.ts';
import { meanings } from '../../contracts/config/meanings.ts';
import { configurationSchema } from '../../contracts/config/schema.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { secretVariables } from '../../runtime/configuration/secrets.ts';
import { variables } from '../../runtime/configuration/variables.ts';

test('docs/configuration.md is what the schemas say: ./sapphire config reference > docs/configuration.md', () => {
  expect(readFileSync(join(projectFolder, 'docs', 'configuration.md'), 'utf8')).toBe(configurationPage());
});

test('what a key says is written for each, and for none that there is not', () => {
  const generalOf = (path: readonly string[]): string =>
    path[0] === 'agents' ? ['agents', '*', ...path.slice(2)].join('.') : path.join('.');
  expect(Object.keys(meanings).toSorted()).toEqual(
    [...new Set(tradingKeys().map(({ path }) => generalOf(path)))].toSorted(),
  );
  expect(Object.keys(profileMeanings).toSorted()).toEqual(
    profileKeys()
      .map(({ path }) => path.join('.'))
      .toSorted(),
  );
});

test('the defaults are a file that says the same as none', () => {
  const written: unknown = parse(defaultsYaml());
  expect(configurationSchema.parse(written)).toEqual(configurationSchema.parse({}));
});

/** What one process of ours sets for another, and names that only look like variables. */
const notSetByPeople =
  /^SAPPHIRE_(RUN_ID|RUN_FOLDER|RUN|CLAIM|ENGINES|BUILD|SUPERVISED|CRASHED_AT|HEALTH_ADDRESS|COORDINATOR_URL|ALERT_)$|_FILE$|^TEMPORAL_(TIMEOUT_MS|HELP|CODEC_AUTH|CODEC_ENDPOINT)$/;

test('every variable that the code reads is in the list, and every secret is one there', () => {
  const files = execFileSync(
    'git',
    ['ls-files', 'client', 'runtime', 'workers', 'services', 'stores', 'trading', 'venues'],
    {
      cwd: projectFolder,
      encoding: 'utf8',
    },
  );
  const read = files
    .split('\n')
    .filter((file) => /\.(ts|mjs)$/.test(file))
    .flatMap(
      (file) =>
        readFileSync(join(projectFolder, file), 'utf8').match(/\b(SAPPHIRE|TEMPORAL|OTEL)_[A-Z][A-Z_]+\b/g) ?? [],
    );
  const known = new Set(variables.map(({ name }) => name));
  expect([...new Set(read)].filter((name) => !known.has(name) && !notSetByPeople.test(name))).toEqual([]);
  const secret = new Set(variables.flatMap(({ name, isSecret }) => (isSecret ? [name] : [])));
  expect(Object.values(secretVariables).filter((name) => !secret.has(name))).toEqual([]);
});

test('what holds is shown with who says so, and nothing of a secret', () => {
  const settings = viewConfiguration({
    effective: { trading: configurationSchema.parse({ risk: { maxDailyLoss: 0.03 } }), stack: readProfile() },
    written: { trading: { risk: { maxDailyLoss: 0.03 } }, stack: {} },
    files: { trading: 'trading.yml', stack: 'temporal-dev.yml' },
    environment: { DEEPSEEK_API_KEY: 'sk-hidden', SAPPHIRE_JOURNAL_URL_FILE: '/run/secret', SAPPHIRE_DATA: '/data' },
    variables,
  });
  expect(settings).toContainEqual({ name: 'risk.maxDailyLoss', value: 0.03, from: 'trading.yml' });
  expect(settings).toContainEqual({ name: 'risk.maxDrawdown', value: 0.09, from: 'default' });
  expect(settings).toContainEqual({ name: 'SAPPHIRE_DATA', value: '/data', from: 'environment' });
  expect(settings).toContainEqual({ name: 'DEEPSEEK_API_KEY', value: 'set, and not shown', from: 'environment' });
  expect(settings).toContainEqual({ name: 'SAPPHIRE_JOURNAL_URL', value: 'kept in /run/secret', from: 'environment' });
  expect(JSON.stringify(settings)).not.toContain('sk-hidden');
});
