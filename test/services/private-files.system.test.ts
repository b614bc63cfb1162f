import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { temporaryFolder } from '../support/books.ts';
import { freePorts } from '../support/ports.ts';

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
});

it.each(['services/paper-exchange/main.ts', 'services/mcp-coordinator/main.ts'])(
  '%s writes for its user alone, however open the shell that starts it',
  async (file) => {
    const { exchange, coordinator } = await freePorts('exchange', 'coordinator');
    const folder = temporaryFolder();
    const data = join(folder, 'data');
    const configuration = join(folder, 'trading.yml');
    writeFileSync(configuration, stringify({ paperExchange: { port: exchange }, coordinator: { port: coordinator } }));
    const child = spawn('sh', ['-c', 'umask 000; exec "$0" "$1"', process.execPath, join(projectFolder, file)], {
      env: { ...process.env, SAPPHIRE_DATA: data, SAPPHIRE_CONFIG: configuration },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    for await (const line of createInterface({ input: child.stdout })) if (line.includes('"ready":true')) break;
    const made = globSync('**', { cwd: data });
    expect(made.length).toBeGreaterThan(2);
    expect(made.filter((name) => (statSync(join(data, name)).mode & 0o077) !== 0)).toEqual([]);
  },
);
