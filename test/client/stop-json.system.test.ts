import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { makeInstallation } from '../support/installation.ts';

/** Takes connections and says nothing: books that nobody can tell to be away from books that are slow. */
let silent: Server;
beforeEach(async () => {
  silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
});
afterEach(() => silent.close());

it.each<[string, string[]]>([
  ['stop', []],
  ['stop --break-glass', ['--break-glass']],
])('%s --json says within five seconds what is not fenced yet, and its end as the last line', async (_name, more) => {
  const { environment } = await makeInstallation();
  environment['SAPPHIRE_JOURNAL_URL'] =
    `postgres://nobody:secret@127.0.0.1:${(silent.address() as AddressInfo).port}/books`;
  const bootstrap = join(projectFolder, 'client', 'bootstrap.mjs');
  const startedAt = performance.now();
  const child = spawn(process.execPath, [bootstrap, 'stop', '--json', '--reason', 'test', '--wait', '6', ...more], {
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines: [said: Record<string, unknown>, afterMs: number][] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push([JSON.parse(line) as Record<string, unknown>, performance.now() - startedAt]);
  }
  expect(lines.map(([said]) => said)).toEqual([
    expect.objectContaining({ ended: false, fenced: false, quiet: false, note: expect.stringMatching(/fenced/i) }),
    expect.objectContaining({ ended: true, fenced: false, quiet: false }),
  ]);
  expect(lines[0]?.[1]).toBeLessThan(5_000);
  expect(JSON.stringify(lines)).not.toContain('secret');
});
