import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { atOwnPort } from '../../client/stack/own-port.ts';
import { defaultLimits } from '../../client/stack/supervised-process.ts';
import { works } from '../../client/stack/works.ts';

let server: Server;
let url: string;
let answer: { status: number; body: string };
beforeEach(async () => {
  server = createServer((_request, response) => response.writeHead(answer.status).end(answer.body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => server.close());

const ask = () => works({}, url, 1_000);

it('a process says itself why it does not work, and since when', async () => {
  answer = { status: 200, body: '' };
  expect(await ask()).toEqual({ isWell: true });
  const components = { 'workers/control': 'ok', work: 'for 12 s no task begins' };
  answer = { status: 503, body: JSON.stringify({ status: 'unhealthy', components, breakers: {}, since: 5 }) };
  expect(await ask()).toEqual({ isWell: false, words: 'work: for 12 s no task begins', since: 5 });
  answer = { status: 500, body: 'a program of others' };
  expect(await ask()).toEqual({ isWell: false });
});

it('one in whose place somebody else answers does not work, whatever is answered', async () => {
  const listening = `require('node:http').createServer((_, to) => to.end()).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', listening], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const spec = atOwnPort({ name: 'workers/agents', command: '', args: [], protectsMoney: false }, child);

  expect(await works(spec, `http://127.0.0.1:${String(line).trim()}`, 5_000)).toEqual({ isWell: true });
  for (const status of [200, 503]) {
    answer = { status, body: JSON.stringify({ service: 'workers/agents', components: {} }) };
    const words = expect.stringContaining(`somebody else answers at ${url}: `);
    expect(await works(spec, url, 5_000)).toEqual({ isWell: false, words });
  }
});

it('one that gives no answer in time does not work', async () => {
  server.removeAllListeners('request');
  server.on('request', () => undefined);
  expect(await works({}, url, 50)).toEqual({ isWell: false });
  server.closeAllConnections();
});

it('one with neither a probe nor an address is taken to work; a probe that fails is none', async () => {
  expect(await works({}, undefined, 50)).toEqual({ isWell: true });
  const probe = async (signal: AbortSignal) => {
    await sleep(1, undefined, { signal });
    throw new Error('not there');
  };
  expect(await works({ probe }, undefined, 50)).toEqual({ isWell: false });
});

describe('who makes no progress is started again within half a minute', () => {
  it('by the questions that it takes, after the ten seconds for which it keeps still and the three of a sample', () => {
    const { watchFailures, watchEveryMs } = defaultLimits;
    expect(10_000 + 3_000 + watchFailures * watchEveryMs).toBeLessThanOrEqual(30_000);
  });
});
