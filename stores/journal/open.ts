import { join } from 'node:path';
import { dataFolder } from '../../contracts/config/folders.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { Journal } from './port.ts';
import { openSqliteJournal } from './sqlite/journal.ts';

export function journalFile(): string {
  return join(dataFolder(), 'journal.db');
}

export async function openJournal(configuration: Configuration): Promise<Journal> {
  return openSqliteJournal(journalFile(), configuration.mode);
}
