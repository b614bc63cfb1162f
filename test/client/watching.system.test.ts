import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { alertmanagerFileIn } from '../../client/stack/observe.ts';
import { observabilityFolder } from '../../client/stack/observer-access.ts';
import { identify } from '../../client/stack/process-identity.ts';
import { alertmanagerFile } from '../../client/stack/receivers.ts';
import { viewWatching } from '../../client/views/watchers.ts';
import type { Incident } from '../../domain/health/health.ts';
import { temporaryFolder } from '../support/books.ts';
import { freePorts } from '../support/ports.ts';

let data: string;
let ports: Record<'prometheus' | 'alertmanager', number>;
const children: ChildProcess[] = [];

beforeEach(async () => {
  data = temporaryFolder();
  ports = await freePorts('prometheus', 'alertmanager');
  const secrets = join(data, 'secrets');
  const text = alertmanagerFile(secrets, { SAPPHIRE_ALERT_SLACK_URL: 'https://hooks.example.com/x' });
  writeFileSync(alertmanagerFileIn(observabilityFolder(data)), text);
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});

/** As the supervisor, which is this process, has noted it. */
function note(processes: readonly { name: string; pid: number }[]): void {
  const supervisor = identify(process.pid);
  const running = processes.map(({ name, pid }) => ({ name, ...identify(pid) }));
  const record = { runId: crypto.randomUUID(), supervisor, launchers: [], processes: running };
  writeFileSync(join(data, 'run.json'), JSON.stringify(record));
}

/** A program that lives, and listens at a port where one is given. */
async function program(port?: number): Promise<number> {
  const listen =
    port === undefined
      ? ''
      : `require('node:http').createServer((_, answer) => answer.end('OK')).listen(${port}, '127.0.0.1', () => console.log('ready'))`;
  const child = spawn(process.execPath, ['-e', listen || "console.log('ready'); setInterval(() => {}, 1000)"]);
  children.push(child);
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

const incident: Incident = {
  incidentId: 'process-prometheus-1',
  component: 'process/prometheus',
  code: 'process.ended',
  severity: 'critical',
  detail: 'exit code 1: the port is taken',
  beganAt: Date.UTC(2026, 0, 1),
  detectedAt: Date.UTC(2026, 0, 1),
  detectedBy: 'supervisor',
  looks: 1,
  actions: [],
};

it('nobody watches where nothing runs, and nobody is called where it runs without watchers', async () => {
  expect(await viewWatching(ports, [], data)).toBeUndefined();
  note([]);
  expect(await viewWatching(ports, [], data)).toEqual({ watchers: [], callees: [] });
});

it('each that runs is told with since when, and whom its Alertmanager calls', async () => {
  const begun = Date.now();
  note([
    { name: 'prometheus', pid: await program(ports.prometheus) },
    { name: 'alertmanager', pid: await program(ports.alertmanager) },
  ]);
  const { watchers, callees } = (await viewWatching(ports, [], data)) ?? { watchers: [], callees: [] };
  expect(watchers).toMatchObject([
    { name: 'prometheus', healthy: true, detail: expect.stringMatching(/^since 20/) },
    { name: 'alertmanager', healthy: true, url: `http://127.0.0.1:${ports.alertmanager}` },
  ]);
  for (const { since = 0 } of watchers) {
    expect(since).toBeGreaterThan(begun - 1_000);
    expect(since).toBeLessThan(Date.now() + 1_000);
  }
  expect(callees.map(({ receiver, by }) => [receiver, ...by])).toContainEqual(['page', 'Slack']);
});

it('one that is down is told with since when and why, though a stranger answers at its port', async () => {
  let asked = 0;
  const stranger = createServer((_, answer) => {
    asked += 1;
    answer.end('OK');
  }).listen(ports.prometheus, '127.0.0.1');
  await once(stranger, 'listening');
  note([]);
  const down = { name: 'prometheus', healthy: false, since: incident.beganAt };
  const detail = 'since 2026-01-01 00:00:00Z: exit code 1: the port is taken';
  expect((await viewWatching(ports, [incident], data))?.watchers).toMatchObject([{ ...down, detail }]);
  // It was started again, and has no port.
  note([{ name: 'prometheus', pid: await program() }]);
  expect((await viewWatching(ports, [incident], data))?.watchers).toMatchObject([down]);
  expect((await viewWatching(ports, [], data))?.watchers).toMatchObject([
    { name: 'prometheus', healthy: false, detail: 'it does not listen' },
  ]);
  expect(asked).toBe(0);
  stranger.close();
});
