import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readProfile } from '../../client/stack/profile.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { makeInstallation } from '../support/installation.ts';
import { runSchema } from './run-output.ts';

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('another Temporal server', { timeout: 120_000 }, () => {
  it('is used instead of an own one when TEMPORAL_ADDRESS names it', async () => {
    const { temporal } = readProfile();
    const attributes = Object.entries(temporal.searchAttributes).map(
      ([name, type]) => `--search-attribute=${name}=${type}`,
    );
    const installation = await makeInstallation();
    const address = `127.0.0.1:${installation.ports.grpc}`;
    const server = spawn(
      await temporalBinary(temporal),
      ['server', 'start-dev', '--headless', `--port=${installation.ports.grpc}`, '--namespace=desk', ...attributes],
      { stdio: 'ignore' },
    );
    try {
      Object.assign(installation.environment, { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'desk' });
      while (!(await answers(installation.ports.grpc))) await sleep(50);
      const { code, stdout } = await installation.startAndWait('--cycles', '1', '--exit', '--json');
      expect(code).toBe(0);
      const { cycles, services } = runSchema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
      expect(cycles).toHaveLength(1);
      expect(services[0]).toEqual({ name: 'temporal', url: address });
    } finally {
      server.kill();
    }
  });
});

describe('bad surroundings give one clear sentence', { timeout: 120_000 }, () => {
  it.each([
    ['an unknown key', { symbolz: ['BTC/USDT'] }, 3, /unknown key "symbolz"/],
    ['a bad value', { risk: { maxDrawdown: 7 } }, 3, /risk\.maxDrawdown: .*\(it is 7\)/],
    [
      'a symbol in another currency',
      { symbols: ['BTC/EUR'] },
      3,
      /symbols: every symbol must be quoted in the configured currency/,
    ],
  ])('%s', async (_name, changes, code, message) => {
    const installation = await makeInstallation();
    installation.configure(changes);
    const ended = await installation.startAndWait('--cycles', '1', '--exit');
    expect(ended.code).toBe(code);
    expect(ended.stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(message)]);
  });

  it('an unreadable configuration', async () => {
    const installation = await makeInstallation();
    writeFileSync(installation.environment['SAPPHIRE_CONFIG'] ?? '', 'symbols: [BTC/USDT\nrisk');
    const ended = await installation.startAndWait();
    expect(ended).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^sapphire: .*trading\.yml cannot be read: /),
    });
  });

  it('a port in use', async () => {
    const installation = await makeInstallation();
    const server = createServer().listen(installation.ports.exchange, '127.0.0.1');
    try {
      const ended = await installation.startAndWait();
      expect(ended.code).not.toBe(0);
      expect(ended.stderr).toMatch(new RegExp(`sapphire: .*${installation.ports.exchange}.*paperExchange\\.port`));
    } finally {
      server.close();
    }
  });

  it('a corrupt journal', async () => {
    const installation = await makeInstallation();
    const data = installation.environment['SAPPHIRE_DATA'] ?? '';
    await installation.sapphire('portfolio');
    writeFileSync(join(data, 'journal.db'), 'this is no database, and long enough to look like one to nobody');
    const ended = await installation.startAndWait();
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(/sapphire: .*journal\.db/);
  });

  it('a server that is not there', async () => {
    const installation = await makeInstallation();
    const ended = await installation.sapphire('schedule', 'show');
    expect(ended).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(
        /^sapphire: No Temporal server answers at 127\.0\.0\.1:\d+\. Start Sapphire with "npm start"/,
      ),
    });
  });

  it.each([
    [['cycel'], /unknown command 'cycel'/],
    [['cycle', 'list', '--limit', 'many'], /--limit must be a whole number/],
    [['stop'], /required option '--reason <text>' not specified/],
    [['agents', 'set', 'qwen', '--role', 'boss', '--reason', 'x'], /Allowed choices are voter, shadow, guard/],
    [['agents', 'set', 'qwen', '--reason', 'x'], /Say what to change: --weight, --role/],
    [['agents', 'set', 'qwen', '--reason', 'x', '--weight', '11'], /--weight must be a number from 0 to 10/],
    [['up', '--cylces', '3'], /unknown option '--cylces'/],
  ])('wrong usage: %s', async (args, message) => {
    const installation = await makeInstallation();
    expect(await installation.sapphire(...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  });
});
