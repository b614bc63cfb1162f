import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readRecord } from '../../client/stack/run-record.ts';
import { end, type Installation, makeInstallation } from '../support/installation.ts';
import { eventually } from './harness.ts';

const START_MS = 120_000;
/** Secrets that a stack on paper can be given without using them. */
const canaries = {
  SAPPHIRE_EXCHANGE_API_KEY: 'canary-exchange-key',
  SAPPHIRE_EXCHANGE_SECRET: 'canary-exchange-secret',
  FREQTRADE_PASSWORD: 'canary-freqtrade',
  SAPPHIRE_ALERT_SLACK_URL: 'canary-slack',
};
let installation: Installation;
let running: ChildProcess | undefined;
/** What the person on call was told. */
const paged: string[] = [];
const webhook = createServer((request, response) => {
  request.on('data', (text) => request.url === '/page' && paged.push(String(text)));
  request.on('end', () => response.end());
});

function processNamed(name: string) {
  return readRecord(join(installation.folder, 'data', 'run.json'))?.processes.find((each) => each.name === name);
}

function kill(name: string): number {
  const { pid } = processNamed(name) ?? {};
  if (pid === undefined) throw new Error(`${name} does not run`);
  process.kill(pid, 'SIGKILL');
  return pid;
}

/** Kills it, and waits until another one runs in its place. */
async function killAndAwaitNext(name: string): Promise<void> {
  const before = kill(name);
  await eventually(`a new ${name}`, () => ![undefined, before].includes(processNamed(name)?.pid), START_MS);
}

/** Which canaries stand in the environment of a process, as the system shows it. */
function canariesOf(name: string): string[] {
  const environment = readFileSync(`/proc/${processNamed(name)?.pid}/environ`, 'utf8');
  return Object.keys(canaries).filter((variable) => environment.includes(`${variable}=canary`));
}

beforeAll(async () => {
  installation = await makeInstallation();
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  const { port } = webhook.address() as AddressInfo;
  Object.assign(installation.environment, canaries, { SAPPHIRE_ALERT_WEBHOOK_URL: `http://127.0.0.1:${port}` });
  installation.configure({ coordinator: { host: '0.0.0.0', port: installation.ports.coordinator } });
  const file = installation.environment['SAPPHIRE_STACK'] ?? '';
  writeFileSync(file, stringify({ ...parse(readFileSync(file, 'utf8')), supervision: { maxRestarts: 1 } }));
});

/** One that a failed test left is ended in its order, by its launcher: that would start a killed one again. */
afterAll(async () => {
  webhook.close();
  if (running?.exitCode !== null || running.signalCode !== null) return;
  running.kill('SIGTERM');
  await once(running, 'exit');
});

it('a start outlives a coordinator that crashes too often, and exits with 1 when execution does', {
  timeout: 2 * START_MS,
}, async () => {
  const child = installation.up();
  running = child;
  const ended = end(child);
  let screen = '';
  child.stdout?.on('data', (text) => (screen += String(text)));
  await eventually('the start', () => screen.includes('Ctrl-C stops') || child.exitCode !== null, START_MS);
  expect(child.exitCode === null ? '' : (await ended).stderr).toBe('');
  const protecting = ['temporal', 'workers/control', 'workers/cycles', 'workers/execution'];
  const keys = ['SAPPHIRE_EXCHANGE_API_KEY', 'SAPPHIRE_EXCHANGE_SECRET'];
  const given = ['workers/agents', 'mcp-coordinator', 'paper-exchange', ...protecting].map((name) => [
    name,
    canariesOf(name),
  ]);
  expect(Object.fromEntries(given)).toEqual({
    temporal: [],
    'paper-exchange': [],
    'mcp-coordinator': [],
    'workers/control': keys,
    'workers/cycles': [],
    'workers/execution': keys,
    'workers/agents': ['FREQTRADE_PASSWORD'],
  });
  const data = join(installation.folder, 'data');
  const open = globSync('**', { cwd: data }).filter((path) => (statSync(join(data, path)).mode & 0o077) !== 0);
  expect(open).toEqual([]);
  const pids = protecting.map((name) => processNamed(name)?.pid);

  await killAndAwaitNext('mcp-coordinator');
  kill('mcp-coordinator');
  await eventually('its end', () => processNamed('mcp-coordinator') === undefined);
  expect(protecting.map((name) => processNamed(name)?.pid)).toEqual(pids);

  await killAndAwaitNext('workers/execution');
  kill('workers/execution');
  const { code, stderr } = await ended;
  expect(stderr).toContain('WARNING: coordinator.host is 0.0.0.0: everybody who reaches this machine can read');
  expect(stderr).toContain('workers/execution ended 2 times within 600 s, the last time with killed (SIGKILL).');
  expect(stderr).toMatch(
    /WARNING: Everything is stopped\. (No position is held|Held meanwhile: .* sleep until the next start)\.$/m,
  );
  // In the error as well, for who reads nothing else.
  expect(stderr).toMatch(/^sapphire: workers\/execution ended 2 times .* The webhook was told to page\.$/m);
  expect(paged.join()).toContain('workers/execution ended 2 times within 600 s');
  expect(code).toBe(1);
  expect(readRecord(join(installation.folder, 'data', 'run.json'))).toBeUndefined();
});

it('a start that runs cycles and is to end after them fails as well, though it waits for one', {
  timeout: 2 * START_MS,
}, async () => {
  paged.length = 0;
  const child = installation.up('--cycles', '500', '--exit');
  running = child;
  const ended = end(child);
  let screen = '';
  child.stdout?.on('data', (text) => (screen += String(text)));
  await eventually('the start', () => screen.includes('Ctrl-C stops') || child.exitCode !== null, START_MS);
  await killAndAwaitNext('workers/execution');
  const at = performance.now();
  kill('workers/execution');
  expect((await ended).code).toBe(1);
  expect(performance.now() - at).toBeLessThan(20_000);
  expect(paged).toHaveLength(1);
});

it('a start whose output nobody reads goes on without a screen, and ends in order when it is asked to', {
  timeout: 2 * START_MS,
}, async () => {
  const cycles = async (): Promise<number> => {
    const listed: unknown = JSON.parse((await installation.sapphire('cycle', 'list', '--json')).stdout || '[]');
    return Array.isArray(listed) ? listed.length : 0;
  };
  // Those of the test before are there as well.
  const before = await cycles();
  const child = installation.up();
  running = child;
  child.stderr?.once('data', () => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
  await eventually('the last worker', () => processNamed('workers/agents') !== undefined, START_MS);
  await expect.poll(cycles, { timeout: START_MS }).toBeGreaterThan(before);
  child.kill('SIGTERM');
  await once(child, 'exit');
  // In order either way: the schedule of the run before may have cycles before the start has come to its end.
  expect(child.signalCode).toBeNull();
  expect([0, 130]).toContain(child.exitCode);
  expect(readRecord(join(installation.folder, 'data', 'run.json'))).toBeUndefined();
});
