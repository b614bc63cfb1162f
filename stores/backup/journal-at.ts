import { lstatSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { Places } from './places.ts';

const ASKED = "SELECT value FROM meta WHERE name = 'journal'";

/** Id of the journal that is there; undefined where none is, or none that can be read: a restore may be there to mend it. */
export async function journalAt(books: Places['books']): Promise<string | undefined> {
  try {
    return books.engine === 'postgres' ? await onServer(books.url) : inFile(books.journal);
  } catch {
    return undefined;
  }
}

function inFile(file: string): string | undefined {
  // No link leads a restore out of its folder.
  if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const row = database.prepare(ASKED).get();
    return row && String(row['value']);
  } finally {
    database.close();
  }
}

async function onServer(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<{ value: string }>(ASKED)).rows[0]?.value;
  } finally {
    await client.end();
  }
}
