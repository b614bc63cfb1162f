import { cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { syncPath } from '../warehouse/segments/files.ts';
import type { Places } from './backup.ts';
import { restorePostgres, stampOf } from './copy.ts';
import { type BackupManifest, verifyBackup } from './manifest.ts';

/**
 * Puts a backup in the place of books and warehouse, which are moved aside, not deleted. Nothing may run meanwhile. Every file is checked and
 * copied beside its place before the first is moved, so that what interrupts it early changes nothing, and the same command completes it later.
 *
 * @returns what the backup was, and where the former files are
 */
export async function restoreBackup(
  folder: string,
  places: Omit<Places, 'journal' | 'backups'>,
  at: number,
): Promise<{ manifest: BackupManifest; aside: string }> {
  const manifest = await verifyBackup(folder);
  if (manifest.mode !== places.mode || manifest.engine !== places.books.engine) {
    throw new UserError(
      'BackupOfAnotherKind',
      `${folder} is a backup of ${manifest.mode} books in ${manifest.engine}; the configuration says ${places.mode} in ${places.books.engine}.`,
      ExitCode.refused,
    );
  }
  const data = dirname(dirname(places.warehouse));
  const aside = join(data, `before-restore-${stampOf(at)}`);
  const moves: [from: string, to: string][] = [['warehouse', places.warehouse]];
  if (places.books.engine === 'sqlite') {
    moves.push(['journal.db', places.books.journal], ['market-buffer.db', places.books.market]);
  }
  const staged = await stage(folder, moves);
  if (places.books.engine === 'postgres') await restorePostgres(places.books.url, join(folder, 'books.dump'));
  await mkdir(aside, { recursive: true, mode: 0o700 });
  for (const [draft, place] of staged) {
    for (const suffix of ['', '-wal', '-shm'])
      await moveIfThere(`${place}${suffix}`, join(aside, `${basename(place)}${suffix}`));
    await rename(draft, place);
    await syncPath(dirname(place));
  }
  if (places.books.engine === 'sqlite') for (const file of [places.books.journal, places.books.market]) rehome(file);
  return { manifest, aside };
}

async function stage(folder: string, moves: readonly [string, string][]): Promise<[string, string][]> {
  const staged: [string, string][] = [];
  for (const [from, place] of moves) {
    const source = join(folder, from);
    const draft = `${place}.restored`;
    await rm(draft, { recursive: true, force: true });
    if (!(await stat(source).catch(() => undefined))) continue;
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    await cp(source, draft, { recursive: true });
    staged.push([draft, place]);
  }
  return staged;
}

async function moveIfThere(from: string, to: string): Promise<void> {
  if (await stat(from).catch(() => undefined)) await rename(from, to);
}

/** A restored file belongs to the machine that it was restored on. */
function rehome(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("DELETE FROM meta WHERE name = 'machine'");
  database.close();
}
