import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { observers } from '../../client/stack/observe.ts';
import { OBSERVER, observerAuthorization, observerPasswordFile } from '../../client/stack/observer-access.ts';
import type { ProcessSpec } from '../../client/stack/process-spec.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { createWatcherAlarm, WATCHER_ALERT } from '../../client/stack/watcher-alarm.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { temporaryFolder } from '../support/books.ts';
import { freePorts } from '../support/ports.ts';
import { receiversOf, seriesOf, toldAlerts } from '../system/watching.ts';

/** The real Prometheus and Alertmanager, as the stack starts them. */
const data = temporaryFolder();
const children = new Map<string, ChildProcess>();
const told: string[] = [];
let receiver: Server;
let specs: ProcessSpec[];
let ports: Record<'prometheus' | 'alertmanager', number>;
let output = '';

function begin({ name, command, args, folder }: ProcessSpec): ChildProcess {
  // What it found before it knew Alertmanager it tells again after a minute, which nobody here waits for.
  const hasty = name === 'prometheus' ? ['--rules.alert.resend-delay=1s'] : [];
  const child = spawn(command, [...args, ...hasty], {
    ...(folder === undefined ? {} : { cwd: folder }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  return child;
}

beforeAll(async () => {
  vi.stubEnv('SAPPHIRE_DATA', data);
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (text: Buffer) => (body += text.toString()));
    request.on('end', () => {
      told.push(`${request.url} ${body}`);
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  vi.stubEnv('SAPPHIRE_ALERT_WEBHOOK_URL', `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`);
  ports = await freePorts('prometheus', 'alertmanager');
  const observability = { ports, retentionDays: 1, retentionGigabytes: 1, scrapeSeconds: 1, evaluateSeconds: 1 };
  const profile = { ...readProfile(), observability };
  const signal = AbortSignal.timeout(60_000);
  specs = await observers(parseConfiguration({}, 'the test'), profile, { onProgress: () => undefined, signal });
  for (const spec of specs) children.set(spec.name, begin(spec));
  for (const { probe } of specs) await probe?.(signal);
}, 90_000);
afterAll(async () => {
  receiver.close();
  for (const child of children.values()) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
  vi.unstubAllEnvs();
});

const silence = {
  matchers: [{ name: 'alertname', value: '.+', isRegex: true, isEqual: true }],
  startsAt: '2030-01-01T00:00:00Z',
  endsAt: '2030-01-02T00:00:00Z',
  createdBy: 'somebody',
  comment: 'quiet',
};
const alert = [{ labels: { alertname: 'Invented' } }];
type Door = 'prometheus' | 'alertmanager';
interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}
const addresses = () => ({
  prometheus: `http://127.0.0.1:${ports.prometheus}`,
  alertmanager: `http://127.0.0.1:${ports.alertmanager}`,
});
const ask = (door: Door, path: string, init: Asked = {}) =>
  fetch(`http://127.0.0.1:${ports[door]}${path}`, { ...init, redirect: 'manual' });
const json = (body: unknown): Asked => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const doors: [Door, string, Asked, number][] = [
  ['alertmanager', '/api/v2/silences', json(silence), 200],
  ['alertmanager', '/api/v2/silences', {}, 200],
  ['alertmanager', '/api/v2/alerts', json(alert), 200],
  ['alertmanager', '/api/v2/alerts', {}, 200],
  ['alertmanager', '/-/reload', { method: 'POST' }, 200],
  ['alertmanager', '/-/ready', {}, 200],
  ['alertmanager', '/metrics', {}, 200],
  ['alertmanager', '/', {}, 200],
  ['prometheus', '/api/v1/query?query=up', {}, 200],
  ['prometheus', '/api/v1/status/config', {}, 200],
  ['prometheus', '/federate?match[]=up', {}, 200],
  ['prometheus', '/-/ready', {}, 200],
  ['prometheus', '/metrics', {}, 200],
];

describe('Prometheus and Alertmanager', () => {
  it.each(doors)('%s %s %j: nothing without the password, all with it', async (door, path, init, status) => {
    expect((await ask(door, path, init)).status).toBe(401);
    for (const wrong of [
      `${OBSERVER}:wrong`,
      `${OBSERVER}:`,
      ':',
      `root:${readFileSync(observerPasswordFile(), 'utf8')}`,
    ]) {
      const authorization = `Basic ${Buffer.from(wrong).toString('base64')}`;
      const answer = await ask(door, path, { ...init, headers: { ...init.headers, authorization } });
      expect(answer.status, wrong).toBe(401);
    }
    const authorization = observerAuthorization();
    expect((await ask(door, path, { ...init, headers: { ...init.headers, authorization } })).status).toBe(status);
  });

  it.each<[Door, string]>([
    ['alertmanager', '/api/v2/silences'],
    ['alertmanager', '/api/v2/alerts'],
    ['prometheus', '/api/v1/query'],
  ])('%s %s: a page’s preflight gets no right', async (door, path) => {
    const headers = {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,authorization',
    };
    const preflight = await ask(door, path, { method: 'OPTIONS', headers });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([401, null]);
  });

  it.each([
    ['/api/v2/silences', silence],
    ['/api/v2/alerts', alert],
  ])(
    'alertmanager %s: a page says nothing by what a browser sends unasked, though its user has given the password',
    async (path, body) => {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
        const headers = {
          authorization: observerAuthorization(),
          origin: 'https://evil.example',
          'content-type': type,
        };
        const answer = await ask('alertmanager', path, { method: 'POST', headers, body: JSON.stringify(body) });
        // A browser hides an answer to everybody from a page that had it send credentials.
        expect([type, answer.status, answer.headers.get('access-control-allow-credentials')]).toEqual([
          type,
          415,
          null,
        ]);
      }
    },
  );

  it('reach each other: Prometheus reads both and tells its alerts', { timeout: 60_000 }, async () => {
    const up = (job: string) => seriesOf(data, ports.prometheus, `up{job="${job}"} == 1`);
    for (const job of ['prometheus', 'alertmanager']) await expect.poll(() => up(job), { timeout: 20_000 }).toBe(1);
    const told = () => receiversOf(data, ports.alertmanager, 'Watchdog');
    await expect.poll(told, { timeout: 30_000 }).toEqual(['dead-mans-switch']);
  });

  it('what Alertmanager has told it does not tell again when it was killed, and what is silenced stays so', {
    timeout: 60_000,
  }, async () => {
    const headers = { authorization: observerAuthorization(), 'content-type': 'application/json' };
    const post = async (path: string, body: unknown): Promise<void> => {
      const answer = await ask('alertmanager', path, { method: 'POST', headers, body: JSON.stringify(body) });
      expect(answer.status).toBe(200);
    };
    const page = [{ labels: { alertname: 'Told', severity: 'critical' } }];
    const pages = () => told.filter((each) => each.startsWith('/page') && each.includes('Told')).length;
    const comments = async (): Promise<string> => (await ask('alertmanager', '/api/v2/silences', { headers })).text();
    await post('/api/v2/alerts', page);
    await post('/api/v2/silences', { ...silence, comment: 'kept' });
    await expect.poll(pages, { timeout: 20_000 }).toBe(1);
    // What it knows is on the disk each five seconds.
    await sleep(6_500);
    const killed = children.get('alertmanager');
    const ended = killed && once(killed, 'exit');
    killed?.kill('SIGKILL');
    await ended;
    const spec = specs.find(({ name }) => name === 'alertmanager');
    if (!spec) throw new Error('there is no Alertmanager');
    children.set('alertmanager', begin(spec));
    await spec.probe?.(AbortSignal.timeout(20_000));
    expect(await comments()).toContain('kept');
    // As Prometheus does; it waits for five seconds before it tells of a group.
    await post('/api/v2/alerts', page);
    await sleep(7_000);
    expect(pages()).toBe(1);
  });

  it('Alertmanager hears at once, when it was started again, all that Prometheus finds', async () => {
    const alert = (alertname: string, state: string) => ({
      labels: { alertname, severity: 'critical' },
      annotations: {},
      state,
      activeAt: new Date().toISOString(),
    });
    const asked: (string | undefined)[] = [];
    const prometheus = createServer(({ url, headers }, response) => {
      asked.push(url, headers.authorization);
      const alerts = [alert('Cause', 'firing'), alert('Follows', 'firing'), alert('Waits', 'pending')];
      response.end(JSON.stringify({ status: 'success', data: { alerts } }));
    }).listen(0, '127.0.0.1');
    await once(prometheus, 'listening');
    const port = (prometheus.address() as AddressInfo).port;
    const alarm = createWatcherAlarm({ ...addresses(), prometheus: `http://127.0.0.1:${port}` });
    alarm.note({ name: 'alertmanager' });
    const known = async () => [...(await toldAlerts(data, ports.alertmanager)).keys()];
    await expect.poll(known, { timeout: 5_000 }).toEqual(expect.arrayContaining(['Cause', 'Follows']));
    expect(await known()).not.toContain('Waits');
    expect(asked).toEqual(['/api/v1/alerts', observerAuthorization()]);
    alarm.close();
    prometheus.close();
  });

  it('Alertmanager pages of a Prometheus that stays down, and no more once it serves', {
    timeout: 30_000,
  }, async () => {
    const alarm = createWatcherAlarm(addresses(), { afterMs: 100, everyMs: 200 });
    const pages = () => told.filter((each) => each.startsWith('/page') && each.includes(WATCHER_ALERT)).join();
    const known = async () => (await toldAlerts(data, ports.alertmanager)).has(WATCHER_ALERT);
    const fault = { code: 'process.ended' as const, detail: 'exit code 1: the port is taken', since: Date.now() };
    alarm.note({ name: 'workers/agents', fault });
    await sleep(500);
    expect(await known()).toBe(false);
    alarm.note({ name: 'prometheus', fault });
    await expect.poll(pages, { timeout: 15_000 }).toContain('exit code 1: the port is taken');
    alarm.note({ name: 'prometheus' });
    await expect.poll(known, { timeout: 5_000 }).toBe(false);
    alarm.close();
  });

  it('the password is its owner’s alone, kept, and in no argument, configuration or word of theirs', async () => {
    const file = observerPasswordFile();
    const password = readFileSync(file, 'utf8');
    expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect(observerAuthorization()).toBe(`Basic ${Buffer.from(`${OBSERVER}:${password}`).toString('base64')}`);
    const folder = join(data, 'observability');
    expect(statSync(folder).mode & 0o077).toBe(0);
    const files = readdirSync(folder).filter((name) => /\.yml$|^password$/.test(name));
    expect(files.toSorted()).toEqual(['alertmanager.yml', 'password', 'prometheus.yml', 'rules.yml', 'web.yml']);
    for (const name of files) {
      expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
      if (name !== 'password') expect(readFileSync(join(folder, name), 'utf8'), name).not.toContain(password);
    }
    expect(JSON.stringify(specs)).not.toContain(password);
    expect(output).not.toContain(password);
    const config = await ask('prometheus', '/api/v1/status/config', {
      headers: { authorization: observerAuthorization() },
    });
    expect(await config.text()).not.toContain(password);
  });
});
