import { chmodSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../contracts/errors.ts';
import { setting } from './environment.ts';
import { makeFolder } from './make-folder.ts';
import { closeFolder } from './private-folder.ts';

/** The checkout: where package.json stands. */
export const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Looked at by this process. */
const closed = new Set<string>();

/**
 * Where books, market and histories live: SAPPHIRE_DATA, else `.sapphire` in the checkout. Whether there is anything is not looked at.
 *
 * @throws UserError SettingEmpty
 */
export function dataPlace(): string {
  return setting('SAPPHIRE_DATA') ?? join(projectFolder, '.sapphire');
}

/**
 * The same, made if missing, and its owner's alone from the first use of each process on.
 *
 * @throws UserError FolderOpen, FolderUnusable, SettingEmpty
 */
export function dataFolder(): string {
  const folder = dataPlace();
  if (closed.has(folder) && existsSync(folder)) return folder;
  try {
    if (existsSync(folder)) closeFolder(folder);
    else makeFolder(folder, 0o700);
  } catch (error) {
    throw unusable(folder, error, 'data folder', 'SAPPHIRE_DATA');
  }
  closed.add(folder);
  return folder;
}

/** A file in its place, a disk that is read-only, a path that belongs to somebody else. */
function unusable(folder: string, error: unknown, what: string, variable: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof UserError || code === undefined) return error;
  return new UserError(
    'FolderUnusable',
    `${folder} cannot be the ${what} (${code}): name a folder that this user may write in ${variable}.`,
  );
}

/** Where backups are put: SAPPHIRE_BACKUPS, which should be another disk, else beside the data. */
export function backupFolder(): string {
  return setting('SAPPHIRE_BACKUPS') ?? join(dataFolder(), 'backups');
}

/** Weights that were trained here: SAPPHIRE_MODELS, else beside the data. A folder for each seat. */
export function modelFolder(seat: string): string {
  return setting('SAPPHIRE_MODELS') ?? join(dataFolder(), 'models', seat);
}

/** Files of rules of the user's own, as they were added. */
export function rulesFolder(): string {
  return join(dataFolder(), 'agents');
}

/** Where regular reports are put. */
export function reportFolder(): string {
  return join(dataFolder(), 'reports');
}

/** What can be fetched again: server binaries, Python environments. Nothing in it is secret, and users that programs run as have to get there. */
export function cacheFolder(): string {
  const folder = setting('SAPPHIRE_CACHE') ?? join(projectFolder, '.cache');
  if (existsSync(folder)) return folder;
  try {
    makeFolder(folder, 0o755);
    chmodSync(folder, 0o755);
  } catch (error) {
    throw unusable(folder, error, 'cache', 'SAPPHIRE_CACHE');
  }
  return folder;
}
