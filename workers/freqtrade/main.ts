import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '../../contracts/config/schema.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { freqtradeEngineUrl } from '../../runtime/configuration/addresses.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { writePrivateFile } from '../../runtime/configuration/private-file.ts';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { announceReady, onShutdown } from '../../runtime/telemetry/process.ts';
import { freqtradeConfiguration } from './configuration.ts';
import { checkStrategy, copyStrategy, ownStrategy, type Strategy } from './strategy.ts';

const POLL_MS = 200;
const PING_TIMEOUT_MS = 1_000;
/** A Freqtrade whose parent was killed lets go of its port within this time. */
const PORT_TIMEOUT_MS = 10_000;
/** From SIGTERM to SIGKILL: below the bound of our own orderly end. */
const STOP_TIMEOUT_MS = 5_000;

/** Freqtrade, ready when its REST API answers. This process ends with it, and takes it along whatever ends this process: see run.py. */
async function main(): Promise<void> {
  const configuration = loadConfiguration();
  const python = process.env['SAPPHIRE_PYTHON'];
  if (!python) {
    throw new UserError(
      'EngineNotInstalled',
      'SAPPHIRE_PYTHON names no Python that has Freqtrade: "npm start -- --with freqtrade" installs one and starts this.',
    );
  }
  await untilFree(configuration.agents.freqtrade.port);
  const { folder, strategy } = await prepare(configuration, python);
  const freqtrade = startFreqtrade(python, folder, strategy);
  let stopping = false;
  const ended = new Promise<void>((resolve) => {
    freqtrade.once('error', fail);
    freqtrade.once('exit', () => {
      // Whatever code a strategy ends with: those of ours say what ours mean by them.
      if (!stopping) process.exit(ExitCode.failure);
      resolve();
    });
  });
  onShutdown(async () => {
    stopping = true;
    freqtrade.kill('SIGTERM');
    const late = setTimeout(() => freqtrade.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(late);
  });
  const url = freqtradeEngineUrl(configuration);
  while (!(await answers(url))) await sleep(POLL_MS);
  announceReady(url);
}

/** Freqtrade itself would wait for a taken port for ever, and a ping would be answered by another. */
async function untilFree(port: number): Promise<void> {
  const deadline = Date.now() + PORT_TIMEOUT_MS;
  while (await isTaken(port)) {
    if (Date.now() > deadline) {
      throw new UserError(
        'PortInUse',
        `Port ${port} for Freqtrade is in use: end the program that uses it, or change agents.freqtrade.port.`,
      );
    }
    await sleep(POLL_MS);
  }
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (taken: boolean) => () => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', settle(true));
    socket.once('error', settle(false));
  });
}

/** The folder in which everything of Freqtrade's is kept, with its configuration file, and the strategy that it runs. */
async function prepare(configuration: Configuration, python: string): Promise<{ folder: string; strategy: Strategy }> {
  const folder = join(dataFolder(), 'freqtrade');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { freqtrade } = configuration.agents;
  const copied = copyStrategy(freqtrade, join(folder, 'strategy-of-yours'));
  const secrets = { password: loadSecrets().freqtradeEngineToken, signingKey: randomBytes(32).toString('hex') };
  const configFile = join(folder, 'config.json');
  writePrivateFile(configFile, JSON.stringify(freqtradeConfiguration(configuration, secrets, copied?.digest), null, 2));
  if (copied === undefined) return { folder, strategy: ownStrategy };
  const strategy = await checkStrategy(python, freqtrade, copied, configFile);
  process.stderr.write(`Freqtrade runs ${strategy.name} of ${freqtrade.strategy}, as it is now (${copied.digest}).\n`);
  return { folder, strategy };
}

function startFreqtrade(python: string, folder: string, strategy: Strategy): ChildProcess {
  const options = {
    config: join(folder, 'config.json'),
    userdir: folder,
    'db-url': `sqlite:///${join(folder, 'trades.sqlite')}`,
    strategy: strategy.name,
    'strategy-path': strategy.folder,
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return spawn(python, [join(import.meta.dirname, 'run.py'), 'trade', ...args], {
    // stdout is ours alone, it carries the ready line; the end of the child's stdin is our end.
    stdio: ['pipe', 2, 2],
    // A program of others: it gets no share of ours.
    env: environmentOf('freqtrade'),
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/v1/ping`, { signal: AbortSignal.timeout(PING_TIMEOUT_MS) })).ok;
  } catch {
    return false;
  }
}

function fail(error: unknown): never {
  const message = error instanceof UserError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${message}\n`);
  process.exit(error instanceof UserError ? error.exitCode : ExitCode.failure);
}

process.umask(0o077);
await main().catch(fail);
