import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { UserError } from '../../contracts/errors.ts';

/** Above this a full look would hold up the start; the header and the schema are read in any case. */
const FULL_CHECK_BYTES = 256 * 1024 * 1024;

export interface DatabaseUse {
  file: string;
  holds: string;
  /** What is lost with it. */
  loss: string;
}

/** Refuses a database that SQLite finds damaged. To be called while nobody writes to it. */
export function refuseCorruptDatabase({ file, holds, loss }: DatabaseUse): void {
  if (!existsSync(file)) return;
  const fault = databaseFault(file);
  if (fault === undefined) return;
  throw new UserError(
    'DatabaseCorrupt',
    `The database of ${holds}, ${file}, is damaged (${fault}): put a backup in its place, or move it and its -wal file away to start without ${loss}.`,
  );
}

function databaseFault(file: string): string | undefined {
  try {
    const database = new DatabaseSync(file, { timeout: 5_000 });
    try {
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
      if (statSync(file).size > FULL_CHECK_BYTES) return undefined;
      const row = database.prepare('PRAGMA quick_check(1)').get();
      const finding = String(row?.['quick_check']);
      return finding === 'ok' ? undefined : finding.replace('*** in database main ***\n', '').replaceAll('\n', '; ');
    } finally {
      database.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
