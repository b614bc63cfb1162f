import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type PythonRequirements, pythonEnvironment } from '../../client/stack/python-environment.ts';
import { cacheFolder } from '../../runtime/configuration/folders.ts';

/** A real package without dependencies, as its lock file would name it. */
const SIX = 'six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274\n';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(cacheFolder(), 'test-'));
  vi.stubEnv('SAPPHIRE_CACHE', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function requirements(content: string): PythonRequirements {
  const lockFile = join(folder, 'requirements.lock');
  writeFileSync(lockFile, content);
  return { name: 'small', lockFile, python: '>=3.11' };
}

test('installs what the lock file names, once for all who ask, and reuses it', async () => {
  const wanted = requirements(SIX);
  const told: string[] = [];
  const onProgress = (message: string) => told.push(message);
  const pythons = await Promise.all([
    pythonEnvironment(wanted, { onProgress }),
    pythonEnvironment(wanted, { onProgress }),
  ]);
  expect(new Set(pythons).size).toBe(1);
  expect(existsSync(pythons[0])).toBe(true);
  expect(told.filter((message) => message.startsWith('Installing small into'))).toHaveLength(1);

  await pythonEnvironment(wanted, { onProgress });
  expect(told.filter((message) => message.startsWith('Installing small into'))).toHaveLength(1);
});

test('refuses a package whose hash is another, and leaves nothing that would be taken for an installation', async () => {
  const wanted = requirements(SIX.replace('4721', '4722'));
  await expect(pythonEnvironment(wanted)).rejects.toMatchObject({
    code: 'EngineNotInstalled',
    message: expect.stringContaining('small could not be installed'),
  });
  await expect(pythonEnvironment(wanted)).rejects.toMatchObject({ code: 'EngineNotInstalled' });
});
