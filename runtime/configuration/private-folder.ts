import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../contracts/errors.ts';

const OTHERS = 0o077;
/** Everybody's, as /tmp: to close it would take it away from them. */
const STICKY = 0o1000;

/**
 * Makes a folder, and the files that lie in it directly, their owner's alone: books, keys and prompts are in them.
 *
 * @throws UserError FolderOpen where others can look into it and it is not ours to close
 */
export function closeFolder(folder: string): void {
  const { mode, uid } = statSync(folder);
  if ((mode & OTHERS) !== 0) {
    if (uid !== process.getuid?.() || (mode & STICKY) !== 0) throw open(folder);
    chmodSync(folder, mode & ~OTHERS);
  }
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile()) closeFile(join(folder, entry.name));
  }
}

/** One that is somebody else's lies behind the folder; one that has just gone needs nothing. */
function closeFile(file: string): void {
  try {
    const { mode } = lstatSync(file);
    if ((mode & OTHERS) !== 0) chmodSync(file, mode & ~OTHERS);
  } catch (error) {
    if (!['ENOENT', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function open(folder: string): UserError {
  return new UserError(
    'FolderOpen',
    `Others can look into the data folder ${folder}, and it is not ours to close: name a folder below it that does not exist yet in SAPPHIRE_DATA, which is then made, or give it to the user who runs Sapphire.`,
  );
}
