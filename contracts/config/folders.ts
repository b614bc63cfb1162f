import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: where package.json stands. */
export const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where books, market and histories live: SAPPHIRE_DATA, else `.sapphire` in the checkout. Made if missing. */
export function dataFolder(): string {
  const folder = process.env['SAPPHIRE_DATA'] ?? join(projectFolder, '.sapphire');
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** What can be fetched again: server binaries, Python environments. */
export function cacheFolder(): string {
  const folder = process.env['SAPPHIRE_CACHE'] ?? join(projectFolder, '.cache');
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  return folder;
}
