import { join } from 'node:path';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import type { Journal } from './port.ts';
import { sharedConnections } from './postgres/connections.ts';
import { openPostgresJournal } from './postgres/journal.ts';
import type { Market } from './sql/database.ts';
import { openSqliteJournal } from './sqlite/journal.ts';

export function journalFile(): string {
  return join(dataFolder(), 'journal.db');
}

/** PostgreSQL where SAPPHIRE_JOURNAL_URL names one, else the file in the data folder. */
export async function openJournal(configuration: Market): Promise<Journal> {
  const { journalUrl } = loadSecrets();
  return journalUrl === undefined
    ? openSqliteJournal(journalFile(), configuration)
    : openPostgresJournal(journalUrl, configuration, Date.now, sharedConnections(journalUrl));
}
