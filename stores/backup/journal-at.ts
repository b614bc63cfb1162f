import { lstatSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { Replacement } from '../journal/replacement.ts';
import type { Places } from './places.ts';

/** The books that are there, as far as who replaces them has to know. */
export type FormerBooks = NonNullable<Replacement['former']>;

const ID = "SELECT value FROM meta WHERE name = 'journal'";
const EPOCH = 'SELECT max(epoch) AS epoch FROM control';

/** Undefined where no journal is, or none that can be read: a restore may be there to mend it. */
export async function booksAt(books: Places['books']): Promise<FormerBooks | undefined> {
  try {
    return books.engine === 'postgres' ? await onServer(books.url) : inFile(books.journal);
  } catch {
    return undefined;
  }
}

const formerBooks = (journal: string | undefined, epoch: unknown): FormerBooks | undefined =>
  journal === undefined ? undefined : { journal, epoch: Number(epoch ?? 0) };

function inFile(file: string): FormerBooks | undefined {
  // No link leads a restore out of its folder.
  if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const id = database.prepare(ID).get();
    return formerBooks(id && String(id['value']), database.prepare(EPOCH).get()?.['epoch']);
  } finally {
    database.close();
  }
}

async function onServer(url: string): Promise<FormerBooks | undefined> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const id = await client.query<{ value: string }>(ID);
    const epoch = await client.query<{ epoch: string | null }>(EPOCH);
    return formerBooks(id.rows[0]?.value, epoch.rows[0]?.epoch);
  } finally {
    await client.end();
  }
}
