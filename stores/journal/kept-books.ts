import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { UserError } from '../../contracts/errors.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { readYaml, validated } from '../../runtime/configuration/load.ts';
import { writePrivateFile } from '../../runtime/configuration/private-file.ts';

const keptBooksSchema = z.strictObject({
  /** Id of the journal. */
  journal: z.string().min(1),
  engine: z.enum(['sqlite', 'postgres']),
  /** For a person: the file, or the address without its password. */
  place: z.string(),
  /** The newest that a restore here has halted under: the next one begins beyond it, also where the books that it replaces cannot be read. */
  restoredEpoch: z.int().optional(),
});
export type KeptBooks = z.output<typeof keptBooksSchema>;

/** What was found where a journal is to be opened. */
export interface FoundBooks extends Pick<KeptBooks, 'engine' | 'place'> {
  /** Whether there are tables of ours. */
  made: boolean;
  /** Missing where there are none, and where what is there cannot be read: opening it says why. */
  journal?: string | undefined;
}

function keptBooksFile(): string {
  return join(dataFolder(), 'books.json');
}

/**
 * Which books the data folder is of, as its last start found them. Undefined before the first of a release that keeps it.
 *
 * @throws UserError ConfigurationInvalid, ConfigurationUnreadable
 */
export function keptBooks(): KeptBooks | undefined {
  const file = keptBooksFile();
  return existsSync(file) ? validated(keptBooksSchema, readYaml(file), file) : undefined;
}

/** Binds the data folder to its books: nothing is asked of others, or told to them, from now on. */
export function keepBooks(books: KeptBooks): void {
  const kept = keptBooks();
  const wanted = { ...kept, ...books };
  if (!isDeepStrictEqual(kept, wanted)) writePrivateFile(keptBooksFile(), JSON.stringify(wanted, null, 2));
}

/** The address of a PostgreSQL database, for a person: without its password, nor what its query may hold. */
export function placeOfUrl(url: string): string {
  if (!URL.canParse(url)) return 'PostgreSQL';
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
}

/**
 * Nothing is said of other books than the folder's, and none are made by asking for them.
 *
 * @param begins whether books may begin where there are none
 * @throws UserError NoBooks, OtherBooks, BooksMissing
 */
export function refuseOtherBooks(found: FoundBooks, kept: KeptBooks | undefined, begins: boolean): void {
  const folder = dataFolder();
  if (!kept) {
    if (found.made || begins) return;
    throw new UserError('NoBooks', noBooks(found, folder));
  }
  if (found.journal === kept.journal) return;
  const are = `The books of ${folder} are journal ${kept.journal} in ${kept.place}`;
  const begin = `to begin with others, move ${keptBooksFile()} away`;
  if (!found.made) {
    // Whoever moves the file away in a folder that is still there wants new books: what else is left of the old ones is refused by itself.
    if (begins && kept.engine === 'sqlite' && found.engine === 'sqlite') return;
    throw new UserError(
      'BooksMissing',
      `${are}, and there are none in ${found.place}: ${found.place === kept.place ? `bring them back ("./sapphire restore"), or, ${begin}` : wayBack(kept, found)}.`,
    );
  }
  if (found.journal === undefined) return;
  const remedy =
    found.place === kept.place ? `put the folder's own back, or, ${begin}` : `${wayBack(kept, found)}, or, ${begin}`;
  throw new UserError('OtherBooks', `${are}, and ${found.place} holds journal ${found.journal}: ${remedy}.`);
}

/** @throws UserError JournalAddressMissing: there is no file to look into, and none is made. */
export function refuseWithoutAddress({ journal, place }: KeptBooks): never {
  throw new UserError(
    'JournalAddressMissing',
    `The books of ${dataFolder()} are journal ${journal} in ${place}, and their address with its password is not here any more: name it in SAPPHIRE_JOURNAL_URL, or a file that holds it in SAPPHIRE_JOURNAL_URL_FILE.`,
  );
}

function wayBack(kept: KeptBooks, found: FoundBooks): string {
  if (found.engine === 'sqlite') return `name ${kept.place} in SAPPHIRE_JOURNAL_URL`;
  const other = 'or name the data folder of those that you mean in SAPPHIRE_DATA';
  return kept.engine === 'sqlite'
    ? `unset SAPPHIRE_JOURNAL_URL, ${other}`
    : `unset SAPPHIRE_JOURNAL_URL or correct it, ${other}`;
}

function noBooks({ engine, place }: FoundBooks, folder: string): string {
  const where = engine === 'sqlite' ? `in ${folder}` : `on ${place}`;
  const elsewhere =
    engine === 'sqlite' && existsSync(join(folder, 'stack-id'))
      ? 'its books are elsewhere: name them in SAPPHIRE_JOURNAL_URL'
      : 'start Sapphire with "npm start", or name the folder of the one that runs in SAPPHIRE_DATA, and its books in SAPPHIRE_JOURNAL_URL where they are in PostgreSQL';
  return `Nothing has run ${where}: ${elsewhere}.`;
}
