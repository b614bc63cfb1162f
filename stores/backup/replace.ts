import { existsSync } from 'node:fs';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../../runtime/configuration/make-folder.ts';
import { forgetReplacement, keepReplacement, replacementIn } from '../journal/replacement.ts';
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
  'Make room: what earlier restores moved aside is deleted only with time ("./sapphire backup list" shows it).';
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
 * fails before that leaves them as they were. From the first of them on nothing opens the books until `completeReplacement`: one that was cut off is
 * gone on with, by this or another source, and what had stood there at its beginning is what is moved aside.
 *
 * @param source folder of what takes the place
 */
export async function replaceBooks(
  places: BookPlaces,
  {
    at,
    by,
    source,
    stage,
    tell,
  }: { at: number; by: Aside['by']; source: string; stage: () => Promise<void>; tell: Tell },
): Promise<Replaced> {
  const data = dataOf(places);
  const begun = replacementIn(data);
  const aside = begun?.aside ?? (await freeAside(data, at, by));
  // A file can be read until it is held, and a server must know of no other session before it is.
  const ask = async (engine: Places['books']['engine']) =>
    !begun && places.books.engine === engine ? booksAt(places.books) : undefined;
  let former = begun?.former ?? (await ask('sqlite'));
  await whileNobodyUses(places.books, async () => {
    former ??= await ask('postgres');
    makeFolder(data, 0o700);
    await staged(places, stage);
    await mkdir(aside, { recursive: true, mode: 0o700 });
    const begin = async () => {
      keepReplacement(data, { by, source, aside, ...(former ? { former } : {}) });
      await syncPath(data);
    };
    if (places.books.engine === 'postgres') {
      const { url } = places.books;
      if (former && !existsSync(join(aside, DUMP))) await dumpAside(places, url, aside, tell);
      await begin();
      await replaceInServer(places, url, tell).catch((error: unknown) => {
        // One transaction: the server has what it had.
        if (!begun) forgetReplacement(data);
        throw error;
      });
    } else await begin();
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

async function dumpAside(places: BookPlaces, url: string, aside: string, tell: Tell): Promise<void> {
  await refuseWithoutRoom(dataOf(places), 'a dump of the books that are replaced', await tableBytes(url), ROOM);
  await dumpPostgres(url, join(aside, `${DUMP}.part`), tell);
  await rename(join(aside, `${DUMP}.part`), join(aside, DUMP));
}

async function replaceInServer(places: BookPlaces, url: string, tell: Tell): Promise<void> {
  const draft = draftOf(dumpOf(places));
  await restorePostgres(url, draft, tell);
  await rm(draft);
}

/** A file goes after its log: where it is, all of it is. What stands in its place then is of a try that was cut off. */
async function moveAll(places: BookPlaces, aside: string): Promise<void> {
  const suffixes = SUFFIXES.toReversed();
  for (const place of targetsOf(places).values()) {
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    const isAside = existsSync(join(aside, basename(place)));
    for (const suffix of suffixes) {
      const from = `${place}${suffix}`;
      if (isAside) await rm(from, { recursive: true, force: true });
      else await moveIfThere(from, join(aside, `${basename(place)}${suffix}`));
    }
    await syncPath(aside);
    for (const suffix of suffixes) await moveIfThere(`${draftOf(place)}${suffix}`, `${place}${suffix}`);
    await syncPath(dirname(place));
  }
}

/** The books that stand there are halted now: they may be opened, and what was gone back to is not kept twice. */
export async function completeReplacement(places: BookPlaces): Promise<void> {
  const data = dataOf(places);
  const begun = replacementIn(data);
  if (begun?.by === 'back') await rm(begun.source, { recursive: true, force: true });
  forgetReplacement(data);
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
