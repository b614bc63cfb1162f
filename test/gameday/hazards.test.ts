import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePorts } from '../support/ports.ts';
import { endHazard, MODEL_HOST, setHazard } from './hazards.ts';

/** As a service does, and with what it was told to ask. */
const program = `
import { createServer } from 'node:http';
const server = createServer(async (request, response) => {
  const asks = new URL(request.url, 'http://x').searchParams.get('asks');
  response.end(asks ? await fetch(asks).then((answer) => answer.text(), (error) => error.cause.code) : 'well');
}).listen(0, '127.0.0.1', () => process.send(server.address().port));
`;

let folder: string;
let child: ChildProcess;
let url: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sapphire-hazards-'));
  const entry = join(folder, 'main.ts');
  writeFileSync(entry, program);
  const preload = `${pathToFileURL(join(import.meta.dirname, 'preload.ts')).href}?${encodeURIComponent(folder)}`;
  child = fork(entry, { execArgv: [`--import=${preload}`] });
  const port = await new Promise<number>((resolve) => child.once('message', (said) => resolve(Number(said))));
  url = `http://127.0.0.1:${port}`;
});

afterEach(() => {
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const processName = (): string => folder.split('/').at(-1) ?? '';

async function answers(path: string, withinMs = 400): Promise<string | undefined> {
  const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(withinMs) }).catch(() => undefined);
  return answer?.text();
}

it('holds back /metrics alone', async () => {
  expect(await answers('/metrics')).toBe('well');
  setHazard(folder, processName(), 'metrics-hang');
  await expect.poll(() => answers('/metrics', 100)).toBeUndefined();
  expect(await answers('/healthz')).toBe('well');
});

it('lets the loop answer now and then', async () => {
  setHazard(folder, processName(), 'blocked-loop');
  await expect.poll(() => answers('/healthz', 100), { timeout: 5_000, interval: 50 }).toBeUndefined();
  await expect.poll(() => answers('/healthz', 3_000)).toBe('well');
});

it('finds the host of a model, until its name is found no more', async () => {
  const model = createServer((_request, response) => response.setHeader('connection', 'close').end('up'));
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  const asked = `/?asks=http://${MODEL_HOST}:${(model.address() as AddressInfo).port}/`;
  expect(await answers(asked, 2_000)).toBe('up');
  model.closeAllConnections();
  setHazard(folder, processName(), 'no-names');
  await expect.poll(() => answers(asked, 2_000)).toBe('EAI_AGAIN');
  endHazard(folder, processName());
  await expect.poll(() => answers(asked, 2_000)).toBe('up');
  model.close();
});

it('puts a Temporal of its own behind each byte’s delay, in order', async () => {
  const { delayed } = await freePorts('delayed');
  const echo = join(folder, 'echo.ts');
  writeFileSync(
    echo,
    `import { createServer } from 'node:net';
createServer((socket) => socket.pipe(socket)).listen(Number(process.argv[2].slice('--port='.length)), '127.0.0.1');`,
  );
  const delayFile = join(folder, 'delay');
  writeFileSync(join(folder, 'run'), `#!/bin/sh\nexec '${process.execPath}' '${echo}' "$@"\n`, { mode: 0o755 });
  const behind = fork(join(import.meta.dirname, 'temporal-behind.ts'), [
    join(folder, 'run'),
    delayFile,
    `--port=${delayed}`,
  ]);
  try {
    const there = (text: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const begun = performance.now();
        let back = '';
        const socket = connect(delayed, '127.0.0.1', () => text.split('').forEach((letter) => socket.write(letter)));
        socket.on('data', (data) => {
          back += data.toString();
          if (back.length < text.length) return;
          socket.destroy();
          if (back === text) resolve(performance.now() - begun);
          else reject(new Error(back));
        });
        for (const event of ['error', 'end']) socket.once(event, () => reject(new Error('no echo')));
      });
    await expect.poll(() => there('0123456789').catch(() => undefined)).toBeTypeOf('number');
    writeFileSync(delayFile, '300');
    expect(await there('0123456789')).toBeGreaterThanOrEqual(590);
  } finally {
    behind.kill();
  }
});
