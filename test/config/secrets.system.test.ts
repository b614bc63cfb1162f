import { execFile } from 'node:child_process';
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { temporaryFolder } from '../support/books.ts';

const module = join(projectFolder, 'runtime', 'configuration', 'secrets.ts');
const script = `const { loadSecrets } = await import(${JSON.stringify(module)}); console.log(JSON.stringify(loadSecrets()));`;

async function load(folder: string): Promise<string> {
  const env = { PATH: process.env['PATH'], SAPPHIRE_DATA: folder };
  return (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env })).stdout;
}

it('processes that start at the same moment make one set of secrets', async () => {
  for (let round = 0; round < 3; round += 1) {
    const folder = temporaryFolder();
    const loaded = await Promise.all(Array.from({ length: 6 }, () => load(folder)));
    expect(new Set(loaded).size).toBe(1);
    expect(existsSync(join(folder, 'secrets.json.lock'))).toBe(false);
  }
});

it('a process that was killed while it made them holds up nobody for long', async () => {
  const folder = temporaryFolder();
  const lock = join(folder, 'secrets.json.lock');
  writeFileSync(lock, '');
  utimesSync(lock, 0, 0);
  expect(JSON.parse(await load(folder))).toMatchObject({ guardSecret: expect.any(String) });
});
