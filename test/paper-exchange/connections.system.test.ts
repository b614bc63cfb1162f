import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { isOfOneConnection } from '../../services/door.ts';
import { freePort } from '../support/ports.ts';
import { adminToken, temporaryFolder } from './harness.ts';

let folder: string;
let port: number;
let child: ChildProcess;
let said = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  port = await freePort();
  const program = fileURLToPath(new URL('./process.ts', import.meta.url));
  child = fork(program, [String(port), folder, adminToken], { silent: true });
  child.stderr?.on('data', (text: Buffer) => {
    said += text.toString('utf8');
  });
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the exchange ended with ${code}: ${said}`))),
  ]);
});
afterAll(async () => {
  child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** It answers, in the process that it was started in. */
async function expectAlive(): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`).catch((error: unknown) => error);
  expect(child.exitCode, said).toBeNull();
  expect(response).toMatchObject({ status: 200 });
}

const upgrade = (target: string, more: string[] = []) =>
  [
    `GET ${target} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    ...more,
    '',
    '',
  ].join('\r\n');

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** What the exchange said before the connection ended, or was idle for a while. */
function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

async function ask(text: string): Promise<string> {
  const socket = await open();
  const answer = answerOf(socket);
  socket.write(text);
  return answer;
}

test.each([
  '//',
  '///',
  '/nope',
  'http://evil.example//',
  'http://[',
  '*',
  '/%',
  '/%00',
  '/ws-api/v3/',
  '\\\\',
  '/../../',
])('an upgrade to %s is turned away, and its connection is not left open', async (target) => {
  expect(await ask(upgrade(target))).toMatch(/^HTTP\/1\.1 40[04] /);
  await expectAlive();
});

test.each([
  'GET // HTTP/1.1',
  'GET http://[ HTTP/1.1',
  'GET /% HTTP/1.1',
  'CONNECT evil:1 HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  '\0\0',
])('a request of the form %j is answered or cut', async (line) => {
  const answer = await ask(`${line}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(/^$|^HTTP\/1\.1 4/);
  await expectAlive();
});

/** Where in the exchange a client is gone, with a reset in place of a proper end. */
const phases: Record<string, (target: string) => Promise<void>> = {
  'before it asks': async () => void (await open()).resetAndDestroy(),
  'within its request': async (target) => {
    const socket = await open();
    socket.write(upgrade(target).slice(0, 40));
    await pause();
    socket.resetAndDestroy();
  },
  'with its request': async (target) => {
    const socket = await open();
    await new Promise<void>((resolve) => socket.write(upgrade(target), () => resolve()));
    socket.resetAndDestroy();
  },
  'at the answer': async (target) => {
    const socket = await open();
    socket.write(upgrade(target));
    await Promise.race([once(socket, 'data').catch(() => undefined), pause(200)]);
    socket.resetAndDestroy();
  },
  'with frames after its request': async (target) => {
    const socket = await open();
    const [length, ...mask] = [0x80 | 126, 0x03, 0xe8, 1, 2, 3, 4];
    socket.write(Buffer.concat([Buffer.from(upgrade(target)), Buffer.from([0x81, length ?? 0, ...mask])]));
    await pause();
    socket.resetAndDestroy();
  },
};

function pause(ms = 5): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test.each(Object.keys(phases))('clients that are gone %s: 40 of them', async (phase) => {
  const targets = ['/nope', '//', '/ws', '/stream?streams=btcusdt@trade', '/ws-api/v3'];
  for (let i = 0; i < 40; i += 1) await phases[phase]?.(targets[i % targets.length] ?? '/');
  await pause(100);
  await expectAlive();
});

test('names that every object answers to are no streams and no intervals', async () => {
  const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
  const socket = new WebSocket(
    `ws://127.0.0.1:${port}/stream?streams=${names.map((name) => `btcusdt@kline_${name}`).join('/')}`,
  );
  await once(socket, 'open');
  socket.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: 1 }));
  const [listed] = (await once(socket, 'message')) as [Buffer];
  expect(JSON.parse(listed.toString('utf8'))).toEqual({ result: [], id: 1 });
  // The streams of a second are told once in it.
  await pause(1_200);
  for (const name of names) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v3/klines?symbol=BTCUSDT&interval=${name}`);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: -1120 }]);
    const ping = await fetch(`http://127.0.0.1:${port}/api/v3/ping?${name}=1`);
    expect([ping.status, await ping.json()]).toMatchObject([400, { code: -1101 }]);
  }
  socket.close();
  await expectAlive();
});

test('a connection takes a thousand streams and no more', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  await once(socket, 'open');
  const params = Array.from({ length: 5_000 }, (_, i) => `btcusdt@trade@${i}`);
  socket.send(JSON.stringify({ method: 'SUBSCRIBE', params, id: 1 }));
  socket.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: 2 }));
  const listed = await new Promise<unknown[]>((resolve) => {
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as { id?: number; result?: unknown[] };
      if (message.id === 2) resolve(message.result ?? []);
    });
  });
  expect(listed).toHaveLength(1_024);
  socket.close();
});

test('a break that nobody listened to ends nothing, and any other error ends the process', async () => {
  expect(isOfOneConnection(Object.assign(new Error('read'), { code: 'ECONNRESET' }))).toBe(true);
  expect(isOfOneConnection(new TypeError('Invalid URL'))).toBe(false);
  for (const code of ['ENOSPC', 'EPIPE']) {
    expect(isOfOneConnection(Object.assign(new Error(code), { code }))).toBe(false);
  }
  child.send({ fail: 'ECONNRESET' });
  await pause(200);
  await expectAlive();
  expect(said).toContain('a connection failed where nobody listened');
  const ended = once(child, 'exit');
  child.send({ fail: 'ENOSPC' });
  expect((await ended)[0]).toBe(1);
  expect(said).toContain('an error that nobody handled');
});
