import type { Journal } from '../port.ts';
import type { Market } from '../sql/database.ts';
import { createJournal } from '../sql/journal.ts';
import { journalSchema } from '../sql/migrations.ts';
import type { Connections } from './connections.ts';
import { openPostgresDatabase } from './database.ts';

/** The journal in a PostgreSQL database, for any number of machines. */
export async function openPostgresJournal(
  url: string,
  market: Market,
  now?: () => number,
  connections?: Connections,
): Promise<Journal> {
  return createJournal(await openPostgresDatabase(url, market, now, journalSchema, connections));
}
