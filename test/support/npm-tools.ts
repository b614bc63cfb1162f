import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../runtime/configuration/folders.ts';

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 110_000;

/**
 * Folder in the cache with the packages that a folder's package-lock.json names: tools that only tests use, and that a user's `npm ci` need
 * not bring. Made once for each state of the lock file.
 */
export async function npmTools(lockFolder: string): Promise<string> {
  const hash = createHash('sha256')
    .update(readFileSync(join(lockFolder, 'package-lock.json')))
    .digest('hex');
  const parent = join(cacheFolder(), 'npm-tools');
  const folder = join(parent, hash.slice(0, 16));
  if (existsSync(folder)) return folder;
  mkdirSync(parent, { recursive: true });
  const temporary = mkdtempSync(join(parent, 'install-'));
  try {
    for (const name of ['package.json', 'package-lock.json', '.npmrc'])
      cpSync(join(lockFolder, name), join(temporary, name));
    // Not `npm ci`, which refuses a lock file that leaves out other systems' binaries; what is in it is held to its hash all the same.
    await run('npm', ['install', '--omit=optional', '--silent'], { cwd: temporary, timeout: INSTALL_TIMEOUT_MS });
    // Under its name only when complete, and the first of several who made it wins.
    if (!existsSync(folder)) renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}
