import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { syncPath } from '../warehouse/segments/files.ts';
import type { Places } from './backup.ts';
import { restorePostgres, stampOf } from './copy.ts';
import { type BackupManifest, readBackup, unusable } from './manifest.ts';
import { copyChecked } from './plain-files.ts';
import { type Origin, originOf } from './seal.ts';

type RestorePlaces = Omit<Places, 'journal' | 'backups'>;

/**
 * Puts a backup in the place of books and warehouse, which are moved aside, not deleted. Nothing may run meanwhile. Every file that the manifest
 * names, and no other, is copied beside its place and checked in the copying before the first is moved, so that what interrupts it early changes
 * nothing, and the same command completes it later.
 *
 * @param unsealed takes a backup that does not bear this installation's seal
 * @returns what the backup was, whether it is known to be ours, and where the former files are
 */
export async function restoreBackup(
  folder: string,
  places: RestorePlaces,
  at: number,
  { unsealed = false }: { unsealed?: boolean } = {},
): Promise<{ manifest: BackupManifest; origin: Origin; aside: string }> {
  const { manifest, content } = await readBackup(folder);
  const origin = await originOf(folder, content, places.key);
  refuseOthers(folder, manifest, origin, places, unsealed);
  const aside = join(dataOf(places), `before-restore-${stampOf(at)}`);
  const targets = targetsOf(places);
  await stage(folder, manifest, targets);
  if (places.books.engine === 'postgres') {
    const dump = draftOf(dumpOf(places));
    await restorePostgres(places.books.url, dump);
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
  if (places.books.engine === 'sqlite') for (const file of [places.books.journal, places.books.market]) rehome(file);
  return { manifest, origin, aside };
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

const dataOf = ({ warehouse }: RestorePlaces): string => dirname(dirname(warehouse));
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

async function stage(folder: string, { files }: BackupManifest, targets: Map<string, string>): Promise<void> {
  const discard = async () => {
    for (const place of targets.values()) await rm(draftOf(place), { recursive: true, force: true });
  };
  await discard();
  const filled = new Set<string>();
  try {
    for (const file of files) {
      const [top = '', ...inner] = file.path.split('/');
      const place = targets.get(top);
      if (place === undefined) throw unusable(folder, `${file.path} has no place`);
      const draft = join(draftOf(place), ...inner);
      const wrong = await copyChecked(folder, file, draft);
      if (wrong) throw unusable(folder, wrong.fault);
      filled.add(dirname(draft));
    }
    for (const each of filled) await syncPath(each);
  } catch (error) {
    await discard();
    throw error;
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  if (await lstat(from).catch(() => undefined)) await rename(from, to);
}

/** A restored file belongs to the machine that it was restored on. */
function rehome(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("DELETE FROM meta WHERE name = 'machine'");
  database.close();
}
