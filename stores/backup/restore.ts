import { existsSync } from 'node:fs';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { makeFolder } from '../../runtime/configuration/make-folder.ts';
import { syncPath } from '../warehouse/segments/files.ts';
import { freeAside } from './asides.ts';
import { restorePostgres } from './copy.ts';
import { whileNobodyUses } from './in-use.ts';
import { journalAt } from './journal-at.ts';
import { type BackupManifest, readBackup, unusable } from './manifest.ts';
import type { Tell } from './meter.ts';
import { PACKED } from './packed.ts';
import { dataOf, type Places } from './places.ts';
import { copyChecked } from './plain-files.ts';
import { type Origin, originOf } from './seal.ts';
import { isFull, noRoom, refuseWithoutRoom } from './space.ts';

const ROOM =
  'Make room: what earlier restores moved aside is deleted only with time ("sapphire backup list" shows it).';

type RestorePlaces = Omit<Places, 'journal' | 'binding' | 'backups'>;

/**
 * Puts a backup in the place of books and warehouse, which are moved aside, not deleted. Nothing may run meanwhile. Every file that the manifest
 * names, and no other, is copied beside its place and checked in the copying before the first is moved, so that what interrupts it early changes
 * nothing, and the same command completes it later.
 *
 * @param unsealed takes a backup that does not bear this installation's seal
 * @returns what the backup was, whether it is known to be ours, where the former files are, and the id of the journal that was there where it was another's
 */
export async function restoreBackup(
  folder: string,
  places: RestorePlaces,
  at: number,
  { unsealed = false, tell = () => undefined }: { unsealed?: boolean; tell?: Tell } = {},
): Promise<{ manifest: BackupManifest; origin: Origin; aside: string; others: string | undefined }> {
  const { manifest, content } = await readBackup(folder);
  const origin = await originOf(folder, content, places.key);
  refuseOthers(folder, manifest, origin, places, unsealed);
  const aside = await freeAside(dataOf(places), at);
  // A file can be read until it is held, and a server must know of no other session before it is.
  const ask = async (engine: Places['books']['engine']) =>
    places.books.engine === engine ? journalAt(places.books) : undefined;
  let before = await ask('sqlite');
  await whileNobodyUses(places.books, async () => {
    before ??= await ask('postgres');
    await replace(folder, manifest, places, { aside, tell });
  });
  if (places.books.engine === 'sqlite') for (const file of [places.books.journal, places.books.market]) rehome(file);
  return { manifest, origin, aside, others: before === manifest.journal ? undefined : before };
}

async function replace(
  folder: string,
  manifest: BackupManifest,
  places: RestorePlaces,
  { aside, tell }: { aside: string; tell: Tell },
): Promise<void> {
  const targets = targetsOf(places);
  await stage(folder, manifest, targets, { data: dataOf(places), tell });
  if (places.books.engine === 'postgres') {
    const dump = draftOf(dumpOf(places));
    await restorePostgres(places.books.url, dump, tell);
    await rm(dump);
  }
  await mkdir(aside, { recursive: true, mode: 0o700 });
  for (const place of targets.values()) {
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    for (const suffix of ['', '-wal', '-shm'])
      await moveIfThere(`${place}${suffix}`, join(aside, `${basename(place)}${suffix}`));
    await moveIfThere(draftOf(place), place);
    await syncPath(dirname(place));
  }
}

function refuseOthers(
  folder: string,
  { mode, engine }: BackupManifest,
  origin: Origin,
  places: RestorePlaces,
  unsealed: boolean,
): void {
  if (mode !== places.mode || engine !== places.books.engine) {
    throw new UserError(
      'BackupOfAnotherKind',
      `${folder} is a backup of ${mode} books in ${engine}; the configuration says ${places.mode} in ${places.books.engine}.`,
      ExitCode.refused,
    );
  }
  if (origin === 'not sealed' && !unsealed) {
    throw new UserError(
      'BackupNotSealed',
      `${folder} does not bear the seal of ${places.key}: it was changed, or made by another installation or an earlier release. If you trust where it was kept, add --unsealed.`,
      ExitCode.refused,
    );
  }
}

const dumpOf = (places: RestorePlaces): string => join(dataOf(places), 'books.dump');
const draftOf = (place: string): string => `${place}.restored`;

/** Where each name at the top of a backup belongs. */
function targetsOf(places: RestorePlaces): Map<string, string> {
  const { books, warehouse } = places;
  const files: [string, string][] =
    books.engine === 'sqlite'
      ? [
          ['journal.db', books.journal],
          ['market-buffer.db', books.market],
        ]
      : [['books.dump', dumpOf(places)]];
  return new Map([['warehouse', warehouse], ...files]);
}

async function stage(
  folder: string,
  { files }: BackupManifest,
  targets: Map<string, string>,
  { data, tell }: { data: string; tell: Tell },
): Promise<void> {
  const discard = async () => {
    for (const place of targets.values()) await rm(draftOf(place), { recursive: true, force: true });
  };
  await discard();
  makeFolder(data, 0o700);
  const needs = files.reduce((total, { bytes, contentBytes = bytes }) => total + contentBytes, 0);
  await refuseWithoutRoom(data, 'what this backup holds', needs, ROOM);
  const filled = new Set<string>();
  try {
    for (const file of files) {
      const path = file.contentBytes === undefined ? file.path : file.path.slice(0, -PACKED.length);
      const [top = '', ...inner] = path.split('/');
      const place = targets.get(top);
      if (place === undefined) throw unusable(folder, `${file.path} has no place`);
      const draft = join(draftOf(place), ...inner);
      const wrong = await copyChecked(folder, file, draft, tell);
      if (wrong) throw unusable(folder, wrong.fault);
      filled.add(dirname(draft));
    }
    for (const each of filled) await syncPath(each);
  } catch (error) {
    await discard();
    if (isFull(error)) throw noRoom(`The disk of ${data} ran full; nothing of the books was changed. ${ROOM}`);
    throw error;
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
