import type { Mode } from '../../../domain/market/market.ts';
import type { Journal } from '../port.ts';
import { createJournal } from '../sql/journal.ts';
import { openPostgresDatabase } from './database.ts';

/** The journal in a PostgreSQL database, for any number of machines. */
export async function openPostgresJournal(url: string, mode: Mode, now?: () => number): Promise<Journal> {
  return createJournal(await openPostgresDatabase(url, mode, now));
}
