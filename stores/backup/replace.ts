import { existsSync } from 'node:fs';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../../runtime/configuration/make-folder.ts';
import { syncPath } from '../warehouse/segments/files.ts';
import { type Aside, freeAside } from './asides.ts';
import { dumpPostgres, restorePostgres } from './copy.ts';
import { whileNobodyUses } from './in-use.ts';
import { booksAt, type FormerBooks } from './journal-at.ts';
import type { Tell } from './meter.ts';
import { dataOf, type Places } from './places.ts';
import { isFull, noRoom, refuseWithoutRoom, tableBytes } from './space.ts';

export type BookPlaces = Omit<Places, 'journal' | 'binding' | 'backups'>;

export const ROOM =
  'Make room: what earlier restores moved aside is deleted only with time ("sapphire backup list" shows it).';
const DUMP = 'books.dump';
/** Of a file of SQLite: its log, of one that was not closed, belongs to it. */
export const SUFFIXES = ['', '-wal', '-shm'] as const;

/** What was there before. */
export interface Replaced {
  aside: string;
  /** Undefined where there were none, or none that could be read. */
  former: FormerBooks | undefined;
}

const dumpOf = (places: BookPlaces): string => join(dataOf(places), DUMP);
export const draftOf = (place: string): string => `${place}.restored`;

/** Where each name at the top of a backup belongs. The journal is last: with it the books have changed, and not before. */
export function targetsOf(places: BookPlaces): Map<string, string> {
  const { books, warehouse } = places;
  const files: [string, string][] =
    books.engine === 'sqlite'
      ? [
          ['market-buffer.db', books.market],
          ['journal.db', books.journal],
        ]
      : [[DUMP, dumpOf(places)]];
  return new Map([['warehouse', warehouse], ...files]);
}

/** The same by the names that they have where they were moved aside. */
export function asidePlaces(places: BookPlaces): { name: string; place: string }[] {
  return [...targetsOf(places).values()].map((place) => ({ name: basename(place), place }));
}

/** By which a folder holds books. */
export const booksName = ({ books }: BookPlaces): string =>
  books.engine === 'sqlite' ? basename(books.journal) : DUMP;

/**
 * Puts what `stage` has laid beside its places in the place of books and warehouse, which are moved aside, those of a database as a dump of it. What
 * fails before that leaves them as they were.
 */
export async function replaceBooks(
  places: BookPlaces,
  { at, by, stage, tell }: { at: number; by: Aside['by']; stage: () => Promise<void>; tell: Tell },
): Promise<Replaced> {
  const data = dataOf(places);
  const aside = await freeAside(data, at, by);
  // A file can be read until it is held, and a server must know of no other session before it is.
  const ask = async (engine: Places['books']['engine']) =>
    places.books.engine === engine ? booksAt(places.books) : undefined;
  let former = await ask('sqlite');
  await whileNobodyUses(places.books, async () => {
    former ??= await ask('postgres');
    makeFolder(data, 0o700);
    await staged(places, stage);
    await mkdir(aside, { recursive: true, mode: 0o700 });
    if (places.books.engine === 'postgres') await replaceInServer(places, places.books.url, former && aside, tell);
    await moveAll(places, aside);
  });
  if (places.books.engine === 'sqlite') for (const file of [places.books.journal, places.books.market]) rehome(file);
  return { aside, former };
}

async function staged(places: BookPlaces, stage: () => Promise<void>): Promise<void> {
  const discard = async () => {
    for (const place of targetsOf(places).values()) {
      for (const suffix of SUFFIXES) await rm(`${draftOf(place)}${suffix}`, { recursive: true, force: true });
    }
  };
  await discard();
  try {
    await stage();
  } catch (error) {
    await discard();
    if (isFull(error))
      throw noRoom(`The disk of ${dataOf(places)} ran full; nothing of the books was changed. ${ROOM}`);
    throw error;
  }
}

/** @param aside undefined where the database holds no books yet */
async function replaceInServer(places: BookPlaces, url: string, aside: string | undefined, tell: Tell): Promise<void> {
  const draft = draftOf(dumpOf(places));
  if (aside !== undefined) {
    await refuseWithoutRoom(dataOf(places), 'a dump of the books that are replaced', await tableBytes(url), ROOM);
    await dumpPostgres(url, join(aside, `${DUMP}.part`), tell);
    await rename(join(aside, `${DUMP}.part`), join(aside, DUMP));
  }
  await restorePostgres(url, draft, tell);
  await rm(draft);
}

async function moveAll(places: BookPlaces, aside: string): Promise<void> {
  for (const place of targetsOf(places).values()) {
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    for (const suffix of SUFFIXES) await moveIfThere(`${place}${suffix}`, join(aside, `${basename(place)}${suffix}`));
    for (const suffix of SUFFIXES) await moveIfThere(`${draftOf(place)}${suffix}`, `${place}${suffix}`);
    await syncPath(dirname(place));
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  if (await lstat(from).catch(() => undefined)) await rename(from, to);
}

/** A restored file belongs to the machine that it was restored on. */
function rehome(file: string): void {
  if (!existsSync(file)) return;
  const database = new DatabaseSync(file);
  database.exec("DELETE FROM meta WHERE name = 'machine'");
  database.close();
}
