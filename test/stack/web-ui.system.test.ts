import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hiddenPlace } from '../../client/stack/ports.ts';
import { type Profile, readProfile } from '../../client/stack/profile.ts';
import { createSupervisor, type Supervisor } from '../../client/stack/supervisor.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { temporalServer } from '../../client/stack/temporal-server.ts';
import { type Place, startWebUi } from '../../client/stack/web-ui/server.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { temporaryFolder } from './harness.ts';

const token = 'token-of-the-web-ui';
const folder = temporaryFolder();
const closers: (() => Promise<void>)[] = [];
let profile: Profile;
let supervisor: Supervisor;
let upstream: Place;
let client: Client;
const ports = { paper: 0, live: 0 };

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  { method = 'GET', body = '' }: { method?: string; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (data) => (text += String(data)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

beforeAll(async () => {
  const read = readProfile(join(projectFolder, 'temporal-dev.yml'));
  profile = { ...read, temporal: { ...read.temporal, ports: await freePorts('grpc', 'ui', 'metrics') } };
  ports.paper = profile.temporal.ports.ui;
  ports.live = await freePort();
  upstream = await hiddenPlace();
  supervisor = createSupervisor({ logFolder: folder.path, environment: {}, logger: pino({ level: 'silent' }) });
  closers.push(() => supervisor.stop());
  const binary = await temporalBinary(profile.temporal);
  const [address = ''] = await supervisor.start([temporalServer(profile.temporal, binary, folder.path, upstream)]);
  const main = join(projectFolder, 'client', 'stack', 'web-ui', 'main.ts');
  const places = [`127.0.0.1:${ports.paper}`, `${upstream.host}:${upstream.port}`];
  await supervisor.start([
    {
      name: 'web-ui',
      command: process.execPath,
      args: [main, 'paper', ...places],
      watched: true,
      protectsMoney: false,
    },
  ]);
  // Temporal's own page may look for its server once a second only, and begins with it.
  await vi.waitFor(async () => expect((await ask(ports.paper, '/api/v1/namespaces')).status).toBe(200), 15_000);
  const live = await startWebUi({ listen: { host: '127.0.0.1', port: ports.live }, upstream, names: [], token });
  closers.push(() => live.close());
  const connection = await Connection.connect({ address });
  closers.push(() => connection.close());
  client = new Client({ connection, namespace: profile.temporal.namespace });
});

afterAll(async () => {
  for (const close of closers.toReversed()) await close();
  folder.remove();
});

describe('the Web UI on paper', () => {
  it('is a page with its parts and its API, under the names of this machine', async () => {
    const page = await ask(ports.paper, '/namespaces/sapphire/workflows');
    expect(page.status).toBe(200);
    expect(page.body).toContain('<!doctype html>');
    expect(page.headers['x-frame-options']).toBe('DENY');
    const [, script = ''] = /href="(\/_app\/[^"]+\.js)"/.exec(page.body) ?? [];
    const part = await ask(ports.paper, script, { host: `localhost:${ports.paper}` });
    expect([part.status, part.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
    const api = await ask(ports.paper, '/api/v1/namespaces');
    expect(api.body).toContain('"name": "sapphire"');
  });

  it('sends what a person asks for, and nothing that a page elsewhere asks for', async () => {
    const handle = await client.workflow.start('anything', { workflowId: 'held', taskQueue: 'nobody' });
    const path = '/api/v1/namespaces/sapphire/workflows/held/signal/lookAgain';
    const { headers } = await ask(ports.paper, '/api/v1/settings');
    const [, csrf = ''] = /_csrf=([^;]+)/.exec(headers['set-cookie']?.[0] ?? '') ?? [];
    const given = { cookie: `_csrf=${csrf}`, 'x-csrf-token': csrf, 'content-type': 'application/json' };
    const post = (extra: Record<string, string>) =>
      ask(ports.paper, path, { ...given, ...extra }, { method: 'POST', body: '{"input":{"payloads":[]}}' });
    const rebound = { host: `evil.example:${ports.paper}`, origin: `http://evil.example:${ports.paper}` };
    expect((await post(rebound)).status).toBe(403);
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect(await post({ origin: `http://127.0.0.1:${ports.paper}` })).toMatchObject({ status: 200 });
    const { events } = await handle.fetchHistory();
    expect(events?.filter(({ workflowExecutionSignaledEventAttributes: signal }) => signal)).toHaveLength(1);
    await handle.terminate();
  });

  it('survives what no browser sends, and says when Temporal is away', async () => {
    const raw = (text: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(ports.paper, '127.0.0.1', () => socket.write(text));
        socket.setTimeout(500, () => socket.destroy());
        let got = '';
        socket.on('data', (data) => (got += String(data)));
        socket.on('error', () => resolve(got));
        socket.on('close', () => resolve(got));
      });
    for (const line of ['GET // HTTP/1.1', 'GET /\u00ff HTTP/1.1', 'GET http://evil.example/ HTTP/1.1', 'nonsense']) {
      await raw(`${line}\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    }
    // A body whose length is lost on the way would reach Temporal as a request of its own.
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const chunked = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
    const answers = await raw(
      `DELETE /api/v1/settings HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    );
    expect(answers.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect((await ask(ports.paper, '/healthz')).body).toBe('ok\n');
    const nowhere = await startWebUi({
      listen: { host: '127.0.0.1', port: await freePort() },
      upstream: await hiddenPlace(),
      names: [],
    });
    const answer = await fetch(nowhere.url);
    expect([answer.status, await answer.text()]).toEqual([
      502,
      'Temporal does not answer at the moment; it is started again if it has ended.\n',
    ]);
    await nowhere.close();
  });

  it('has Temporal listen for it only where no page finds it', async () => {
    expect(upstream.host).toMatch(/^127\.\d+\.\d+\.\d+$/);
    await expect(fetch(`http://127.0.0.1:${upstream.port}/`)).rejects.toThrow('fetch failed');
    expect((await fetch(`http://${upstream.host}:${upstream.port}/`)).status).toBe(200);
  });
});

describe('the Web UI with real money', () => {
  it('asks for the token, takes it once, and works with the cookie that it leaves', async () => {
    for (const path of ['/', '/api/v1/namespaces', '/?token=another']) {
      expect((await ask(ports.live, path)).status).toBe(401);
    }
    const login = await ask(ports.live, `/namespaces?token=${token}`);
    expect([login.status, login.headers.location]).toEqual([303, '/namespaces']);
    const [cookie = ''] = login.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    const session = { cookie: cookie.split(';')[0] ?? '' };
    expect((await ask(ports.live, '/api/v1/namespaces', session)).body).toContain('"name": "sapphire"');
    expect((await ask(ports.live, '/', { ...session, host: 'evil.example' })).status).toBe(403);
    expect((await ask(ports.live, '/healthz')).status).toBe(200);
  });
});
