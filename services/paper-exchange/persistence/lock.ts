import { DatabaseSync } from 'node:sqlite';
import { UserError } from '../../../contracts/errors.ts';
import { keepPrivate } from './private.ts';

/** How long a predecessor that is just closing may take. */
const PATIENCE_MS = 3_000;

/**
 * Keeps a second exchange off the same database: both would write what the other does not know. The lock is the operating system's
 * and ends with the process, however that ends.
 */
export function lockDatabase(file: string): () => void {
  keepPrivate(`${file}.lock`);
  const lock = new DatabaseSync(`${file}.lock`);
  try {
    lock.exec(`PRAGMA busy_timeout = ${PATIENCE_MS}; BEGIN EXCLUSIVE`);
  } catch {
    lock.close();
    throw new UserError(
      'DatabaseInUse',
      `${file} is in use by another paper exchange: stop that one, or choose another data folder.`,
    );
  }
  return () => lock.close();
}
