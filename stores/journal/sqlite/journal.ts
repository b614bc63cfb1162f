import type { Mode } from '../../../domain/market/market.ts';
import type { Journal } from '../port.ts';
import { createJournal } from '../sql/journal.ts';
import { openSqliteDatabase } from './database.ts';

/** The journal in one SQLite file, for the processes of one machine. */
export async function openSqliteJournal(file: string, mode: Mode, now?: () => number): Promise<Journal> {
  return createJournal(await openSqliteDatabase(file, mode, now));
}
