import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ExitCode } from '../../contracts/errors.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { freqtradeConfiguration } from '../../workers/freqtrade/configuration.ts';
import { temporaryFolder } from '../support/books.ts';
import { freePorts } from '../support/ports.ts';

const run = promisify(execFile);

describe("Freqtrade's own configuration", () => {
  const made = (settings: Record<string, unknown>) =>
    freqtradeConfiguration(parseConfiguration(settings, 'the test'), {
      password: 'p'.repeat(48),
      signingKey: 'k'.repeat(64),
    });

  it.each(['paper', 'live'])('trades with simulated money and without keys in %s mode', (mode) => {
    expect(made({ mode })).toMatchObject({ dry_run: true, exchange: { key: '', secret: '' } });
  });

  it('sees the exchange that Sapphire trades on, and the same symbols', () => {
    const paper = made({ symbols: ['SOL/USDT'], paperExchange: { port: 9000 } });
    const url = 'http://127.0.0.1:9000/api/v3';
    expect(paper['exchange']).toMatchObject({
      pair_whitelist: ['SOL/USDT'],
      ccxt_config: { urls: { api: { public: url, private: url } } },
    });
    expect(made({ mode: 'live' })['exchange']).not.toHaveProperty('ccxt_config.urls');
  });

  it('is asked on this machine only', () => {
    const server = { listen_ip_address: '127.0.0.1', listen_port: 8123, username: 'me', password: 'p'.repeat(48) };
    expect(made({ agents: { freqtrade: { port: 8123, username: 'me' } } })['api_server']).toMatchObject(server);
  });
});

it('ends with a code of ours, whatever a strategy of Freqtrade ends with: 75 would start everything anew', async () => {
  const folder = temporaryFolder();
  const python = join(folder, 'python');
  writeFileSync(python, '#!/bin/sh\necho "no memory" >&2\nexit 75\n', { mode: 0o700 });
  const { freqtrade } = await freePorts('freqtrade');
  const file = join(folder, 'trading.yml');
  writeFileSync(file, stringify({ agents: { freqtrade: { port: freqtrade } } }));
  const environment = { ...process.env, SAPPHIRE_DATA: folder, SAPPHIRE_CONFIG: file, SAPPHIRE_PYTHON: python };
  const started = run(process.execPath, [join(projectFolder, 'workers', 'freqtrade', 'main.ts')], { env: environment });
  await expect(started).rejects.toMatchObject({ code: ExitCode.failure, stderr: 'no memory\n' });
});

it('says how to get a Python that has Freqtrade', async () => {
  const environment = { ...process.env, SAPPHIRE_DATA: temporaryFolder(), SAPPHIRE_PYTHON: '' };
  const started = run(process.execPath, [join(projectFolder, 'workers', 'freqtrade', 'main.ts')], { env: environment });
  await expect(started).rejects.toMatchObject({
    code: ExitCode.notConfigured,
    stderr: expect.stringContaining('"npm start -- --with freqtrade" installs one'),
  });
});
