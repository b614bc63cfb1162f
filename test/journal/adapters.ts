import { join } from 'node:path';
import { riskSchema } from '../../contracts/config/schema.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openPostgresDatabase } from '../../stores/journal/postgres/database.ts';
import type { Database, Market } from '../../stores/journal/sql/database.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { PAPER, temporaryFolder } from '../support/books.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

export const adapterNames = ['sqlite', 'postgres'] as const;
export type AdapterName = (typeof adapterNames)[number];

/** Opens one more connection, as another process would. */
export type Open = (now?: () => number, market?: Partial<Market>) => Promise<Database>;

export function opener(adapter: AdapterName, address: string): Open {
  const open = adapter === 'sqlite' ? openSqliteDatabase : openPostgresDatabase;
  return (now, market) => open(address, { ...PAPER, ...market }, now);
}

export interface Adapter {
  name: AdapterName;
  /** The address of a database that does not exist yet, or is empty. */
  place(): Promise<string>;
  stop(): Promise<void>;
}

export async function startAdapter(name: AdapterName): Promise<Adapter> {
  if (name === 'sqlite') {
    return { name, place: async () => join(temporaryFolder(), 'journal.db'), stop: async () => undefined };
  }
  const server: PostgresServer = await startPostgres();
  return { name, place: () => server.database(), stop: () => server.stop() };
}

/** The books over an open database, with the default limits in force. */
export async function booksOver(database: Database): Promise<Journal> {
  const journal = await createJournal(database);
  await journal.risk.adopt('main', riskSchema.parse({}));
  return journal;
}
