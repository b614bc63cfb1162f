import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { UserError } from '../../../contracts/errors.ts';

/**
 * Makes a database its owner's alone, before SQLite could make it anybody's: the accounts' secrets are in it. SQLite gives what it lays
 * beside a database the same mode, but leaves that of files which are there already.
 * @throws UserError DatabaseUnreadable where the file is somebody else's
 */
export function keepPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600));
    for (const one of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(one)) chmodSync(one, 0o600);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      'DatabaseUnreadable',
      `${file} cannot be made readable by its owner alone (${reason}): give it to the user who runs the paper exchange, or move it away.`,
    );
  }
}
