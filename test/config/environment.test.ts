import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stackAccess } from '../../client/stack/connection.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { backupFolder, cacheFolder, dataFolder, modelFolder } from '../../runtime/configuration/folders.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { knownSecrets, secretVariables } from '../../runtime/configuration/secrets.ts';
import { temporalAccess } from '../../runtime/configuration/temporal.ts';
import { temporaryFolder } from '../support/books.ts';

const original = { ...process.env };
let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  process.env['SAPPHIRE_DATA'] = folder;
});
afterEach(() => {
  process.env = { ...original };
});

function refusalOf(work: () => unknown): UserError {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a variable that is set and empty', () => {
  it.each([
    ['SAPPHIRE_DATA', dataFolder],
    ['SAPPHIRE_BACKUPS', backupFolder],
    ['SAPPHIRE_MODELS', () => modelFolder('lag-llama')],
    ['SAPPHIRE_CACHE', cacheFolder],
    ['SAPPHIRE_CONFIG', loadConfiguration],
    ['SAPPHIRE_STACK', readProfile],
    ['DEEPSEEK_API_KEY_FILE', knownSecrets],
  ])('%s is refused by its name', (name, read) => {
    for (const value of ['', ' ', '\n']) {
      process.env[name] = value;
      expect(refusalOf(() => (read as () => unknown)())).toMatchObject({
        code: 'SettingEmpty',
        exitCode: ExitCode.notConfigured,
        message: `${name} is set and empty: give it a value, or unset it to have the default.`,
      });
    }
  });

  it('says of a secret that there is none', () => {
    process.env['DEEPSEEK_API_KEY'] = '';
    expect(knownSecrets()).not.toHaveProperty('deepseekApiKey');
  });
});

it.each([
  ['a file', () => writeFileSync(join(folder, 'data'), ''), 'data', 'ENOTDIR'],
  ['below a file', () => writeFileSync(join(folder, 'data'), ''), 'data/below', 'ENOTDIR'],
])('a data folder that is %s is refused by its name', (_what, prepare, path, code) => {
  prepare();
  process.env['SAPPHIRE_DATA'] = join(folder, path);
  const { message } = refusalOf(dataFolder);
  expect(message).toContain(`${join(folder, path)} cannot be the data folder (${code}): name a folder`);
  expect(message).toContain('SAPPHIRE_DATA');
});

describe('a secret', () => {
  const wordOf = (name: string): string =>
    name === 'SAPPHIRE_JOURNAL_URL' ? 'postgres://u:p@host/books' : 'k'.repeat(40);
  const withBlanks = new Set([
    'FINGPT_NEWS_FEEDS',
    'SAPPHIRE_PAYLOAD_KEYS',
    'FREQTRADE_PASSWORD',
    'HUMMINGBOT_API_PASSWORD',
  ]);
  const words = Object.entries(secretVariables).filter(([, name]) => !withBlanks.has(name));

  it.each(words)('%s loses the end of a line, in the environment and in a file', (key, name) => {
    for (const end of ['\n', '\r\n', '\n\n']) {
      process.env[name] = `${wordOf(name)}${end}`;
      expect(knownSecrets()).toMatchObject({ [key]: wordOf(name) });
    }
    delete process.env[name];
    writeFileSync(join(folder, 'secret'), `${wordOf(name)}\n`);
    process.env[`${name}_FILE`] = join(folder, 'secret');
    expect(knownSecrets()).toMatchObject({ [key]: wordOf(name) });
  });

  it.each(words)(
    '%s with white space, or nothing but an end of a line, is refused by its variable and not shown',
    (_key, name) => {
      const half = wordOf(name);
      for (const value of [
        `${half} ${half}`,
        ` ${half}`,
        `${half}\t`,
        `${half}\n${half}`,
        `${half}\u00a0`,
        '\n',
        '  ',
      ]) {
        process.env[name] = value;
        const { message } = refusalOf(knownSecrets);
        expect(message).toMatch(new RegExp(`^${name} is not valid: `));
        expect(message).not.toContain(half);
        delete process.env[name];
        writeFileSync(join(folder, 'secret'), value);
        process.env[`${name}_FILE`] = join(folder, 'secret');
        expect(refusalOf(knownSecrets).message).toContain(`secret, which ${name}_FILE names, is not valid: `);
        delete process.env[`${name}_FILE`];
      }
    },
  );

  it.each(['FREQTRADE_PASSWORD', 'HUMMINGBOT_API_PASSWORD'])(
    '%s may hold blanks, and loses the end of a line',
    (name) => {
      process.env[name] = ' two words \n';
      expect(Object.values(knownSecrets())).toContain(' two words ');
    },
  );

  it('whose file is missing is refused by the variable that names it', () => {
    process.env['DEEPSEEK_API_KEY_FILE'] = join(folder, 'nowhere');
    expect(refusalOf(knownSecrets)).toMatchObject({
      code: 'SecretUnreadable',
      message: expect.stringMatching(/nowhere, which DEEPSEEK_API_KEY_FILE names, cannot be read \(ENOENT\)/),
    });
  });

  it('is not shown where the file of kept ones is no JSON any more', () => {
    writeFileSync(join(folder, 'secrets.json'), '{"paperSecret": "very-secret');
    const { message } = refusalOf(knownSecrets);
    expect(message).toContain('secrets.json is no JSON any more');
    expect(message).not.toContain('very');
  });
});

describe("Temporal's variables", () => {
  it('lose the end of a line of the key, and refuse one that holds white space without showing it', () => {
    expect(temporalAccess({ TEMPORAL_API_KEY: 'token\n' }).apiKey).toBe('token');
    const { message } = refusalOf(() => temporalAccess({ TEMPORAL_API_KEY: 'to ken' }));
    expect(message).toContain('TEMPORAL_API_KEY: must be printable ASCII');
    expect(message).not.toContain('to ken');
  });

  it('name the file that cannot be read, and the one that is missing beside another', () => {
    mkdirSync(join(folder, 'tls'));
    writeFileSync(join(folder, 'tls', 'cert'), 'x');
    const certificate = join(folder, 'tls', 'cert');
    expect(refusalOf(() => temporalAccess({ TEMPORAL_TLS_CLIENT_CERT_PATH: certificate })).message).toContain(
      'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH go together',
    );
    const both = { TEMPORAL_TLS_CLIENT_CERT_PATH: certificate, TEMPORAL_TLS_CLIENT_KEY_PATH: join(folder, 'key') };
    expect(refusalOf(() => temporalAccess(both)).message).toMatch(
      /key, which TEMPORAL_TLS_CLIENT_KEY_PATH names, cannot be read \(ENOENT\)/,
    );
  });
});

it.each(['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY'])('refuses an empty %s by its name', (name) => {
  const words = `${name} is set and empty: give it a value, or unset it to have the default.`;
  expect(() => stackAccess(readProfile(), { [name]: '' })).toThrow(words);
  expect(() => temporalAccess({ [name]: ' ' })).toThrow(words);
});
