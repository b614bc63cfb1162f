import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cacheFolder } from '../../contracts/config/folders.ts';

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 110_000;
const STALE_LOCK_MS = 180_000;

/**
 * Path of the `python` of a virtual environment `.cache/<name>` that holds the given pip requirements. It is made when missing or when
 * the requirements changed, and reused otherwise. Several processes may ask at once: one makes it, the others wait.
 */
export async function pythonEnvironment(name: string, requirements: readonly string[]): Promise<string> {
  const folder = join(cacheFolder(), name);
  const python = join(folder, 'bin', 'python');
  const marker = join(folder, 'requirements.txt');
  const wanted = `${requirements.join('\n')}\n`;
  const ready = async () => existsSync(python) && existsSync(marker) && (await readFile(marker, 'utf8')) === wanted;
  if (await ready()) return python;
  await withLock(`${folder}.lock`, async () => {
    if (await ready()) return;
    await rm(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements], {
      timeout: INSTALL_TIMEOUT_MS,
    });
    await writeFile(marker, wanted);
  });
  return python;
}

/** A folder is made by one only; a lock older than three minutes was left by a process that died. */
async function withLock(lock: string, work: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + STALE_LOCK_MS;
  for (;;) {
    try {
      await mkdir(lock);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (Date.now() > deadline) await rm(lock, { recursive: true, force: true });
      else await sleep(250);
    }
  }
  try {
    await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}
