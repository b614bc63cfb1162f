import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { cacheFolder } from '../../runtime/configuration/folders.ts';
import { operationsPort } from '../../runtime/roles.ts';
import { end, makeInstallation } from '../support/installation.ts';

interface Status {
  openIncidents: { component: string; detail: string }[];
  protectedSymbols?: string[];
}

/** What a machine that comes up again may find: a stranger at the exchange's port, and no network for an engine. */
it('a start with something to protect comes up without the paper exchange and an engine, says so, and goes on by itself once they can be had', {
  timeout: 1_200_000,
}, async () => {
  const installation = await makeInstallation();
  const { ports, environment } = installation;
  const first = await installation.startAndWait('--cycles', '3', '--exit', '--json');
  expect({ code: first.code, stderr: first.code === 0 ? '' : first.stderr }).toEqual({ code: 0, stderr: '' });

  // A cache that has the server and no engine, and no index to fetch one from.
  const cache = join(installation.folder, 'cache');
  mkdirSync(cache);
  for (const name of ['temporal', 'workflows']) symlinkSync(join(cacheFolder(), name), join(cache, name));
  const nowhere = 'http://127.0.0.1:1/simple';
  Object.assign(environment, {
    SAPPHIRE_CACHE: cache,
    PIP_INDEX_URL: nowhere,
    PIP_RETRIES: '0',
    UV_INDEX_URL: nowhere,
  });
  const shown: string[] = [];
  const stranger = createServer((request, response) => {
    if (request.headers['x-admin-token'] !== undefined) shown.push(request.url ?? '');
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => stranger.listen(ports.exchange, '127.0.0.1', resolve));

  const started = installation.up('--with', 'vader');
  let said = '';
  started.stderr?.on('data', (data: Buffer) => (said += data.toString()));
  const ended = end(started);
  const status = async (): Promise<Status> => {
    const { stdout } = await installation.sapphire('status', '--json');
    try {
      return JSON.parse(stdout) as Status;
    } catch {
      return { openIncidents: [] };
    }
  };
  const open = async (): Promise<string[]> => (await status()).openIncidents.map(({ component }) => component);
  try {
    await expect
      .poll(open, { timeout: 400_000, interval: 2_000 })
      .toEqual(
        expect.arrayContaining([
          'process/engines/vader',
          'process/paper-exchange',
          'process/workers/control',
          'process/workers/execution',
        ]),
      );
    expect(said).toMatch(new RegExp(`WARNING: Port ${ports.exchange} on \\S+ for the paper exchange .* is in use by `));
    expect(said).toMatch(/WARNING: engines\/vader: .* The others start without it; it is tried again and again\./);
    expect(said).toContain('could not be asked: the paper exchange is down. What trades there waits for it.');
    expect(shown).toEqual([]);
    expect(started.exitCode).toBeNull();

    stranger.closeAllConnections();
    await new Promise((resolve) => stranger.close(resolve));
    const isProtected = async (): Promise<boolean> => ((await status()).protectedSymbols ?? []).length > 0;
    await expect.poll(isProtected, { timeout: 400_000, interval: 2_000 }).toBe(true);
    await expect.poll(open, { timeout: 60_000, interval: 2_000 }).not.toContain('process/workers/control');
    expect(await open()).toContain('process/engines/vader');
  } finally {
    stranger.close();
    started.kill('SIGTERM');
    await Promise.race([ended, sleep(60_000)]);
  }
  expect((await ended).code).toBe(0);
});

/** Of a process that has begun to run and never gets ready. */
const hanging = `if (/mcp-coordinator|web-ui/.test(process.argv[1] ?? '')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;

it('what protects money waits for nothing else: it serves while the coordinator and the Web UI hang at their start', {
  timeout: 600_000,
}, async () => {
  const { ports, environment, up } = await makeInstallation();
  environment['NODE_OPTIONS'] = `--import=data:text/javascript,${encodeURIComponent(hanging)}`;
  const started = up();
  let said = '';
  started.stderr?.on('data', (data: Buffer) => (said += data.toString()));
  const ended = end(started);
  const serves = async (role: 'control' | 'execution'): Promise<boolean> =>
    fetch(`http://127.0.0.1:${operationsPort({ operationsPort: ports.operations }, role)}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  try {
    for (const role of ['control', 'execution'] as const)
      await expect.poll(() => serves(role), { timeout: 110_000, interval: 500 }).toBe(true);
    expect(said).not.toContain('was not ready after');
  } finally {
    started.kill('SIGTERM');
    await Promise.race([ended, sleep(60_000)]);
  }
  expect((await ended).code).toBe(130);
});
