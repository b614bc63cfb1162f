import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closeFolder } from './private-folder.ts';

/** The checkout: where package.json stands. */
export const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Looked at by this process. */
const closed = new Set<string>();

/**
 * Where books, market and histories live: SAPPHIRE_DATA, else `.sapphire` in the checkout. Made if missing, and its owner's alone from the
 * first use of each process on.
 *
 * @throws UserError FolderOpen
 */
export function dataFolder(): string {
  const folder = process.env['SAPPHIRE_DATA'] ?? join(projectFolder, '.sapphire');
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  else if (!closed.has(folder)) closeFolder(folder);
  closed.add(folder);
  return folder;
}

/** Where backups are put: SAPPHIRE_BACKUPS, which should be another disk, else beside the data. */
export function backupFolder(): string {
  return process.env['SAPPHIRE_BACKUPS'] ?? join(dataFolder(), 'backups');
}

/** Weights that were trained here: SAPPHIRE_MODELS, else beside the data. A folder for each seat. */
export function modelFolder(seat: string): string {
  return process.env['SAPPHIRE_MODELS'] ?? join(dataFolder(), 'models', seat);
}

/** Where regular reports are put. */
export function reportFolder(): string {
  return join(dataFolder(), 'reports');
}

/** What can be fetched again: server binaries, Python environments. Nothing in it is secret, and users that programs run as have to get there. */
export function cacheFolder(): string {
  const folder = process.env['SAPPHIRE_CACHE'] ?? join(projectFolder, '.cache');
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755);
  }
  return folder;
}
