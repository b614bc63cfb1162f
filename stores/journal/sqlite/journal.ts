import type { Journal } from '../port.ts';
import type { Market } from '../sql/database.ts';
import { createJournal } from '../sql/journal.ts';
import { openSqliteDatabase } from './database.ts';

/** The journal in one SQLite file, for the processes of one machine. */
export async function openSqliteJournal(file: string, market: Market, now?: () => number): Promise<Journal> {
  return createJournal(await openSqliteDatabase(file, market, now));
}
