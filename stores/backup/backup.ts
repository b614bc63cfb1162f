import { lstat, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mode } from '../../domain/market/market.ts';
import { makeFolder } from '../../runtime/configuration/make-folder.ts';
import { sha256Of, syncPath } from '../warehouse/segments/files.ts';
import { readManifest } from '../warehouse/segments/manifest.ts';
import { copyImmutable, copySqlite, dumpPostgres, stampOf } from './copy.ts';
import { type BackupManifest, MANIFEST, readBackup } from './manifest.ts';
import type { BackupFile } from './plain-files.ts';
import { sealBackup } from './seal.ts';

const DAY_MS = 86_400_000;

/** Where everything lives that a backup holds. */
export interface Places {
  mode: Mode;
  /** Id of the journal. */
  journal: string;
  /** SQLite files, or the address of the PostgreSQL database that holds both. */
  books: { engine: 'sqlite'; journal: string; market: string } | { engine: 'postgres'; url: string };
  warehouse: string;
  /** Where backups are put. */
  backups: string;
  /** File of the key that seals them; made with the first. */
  key: string;
}

export interface Backup {
  folder: string;
  manifest: BackupManifest;
}

/**
 * Copies warehouse, market buffer and journal, while all of them are written. The warehouse comes first: what it has, the books have as well. A
 * backup is there once its folder has its name.
 */
export async function makeBackup(
  places: Places,
  { at, scheduled }: { at: number; scheduled: boolean },
): Promise<Backup> {
  const name = `${places.mode}-${stampOf(at)}`;
  const folder = join(places.backups, name);
  const draft = `${folder}.part`;
  await rm(draft, { recursive: true, force: true });
  makeFolder(draft, 0o700);

  const paths = await copyWarehouse(places, draft);
  if (places.books.engine === 'sqlite') {
    await copySqlite(places.books.market, join(draft, 'market-buffer.db'));
    await copySqlite(places.books.journal, join(draft, 'journal.db'));
    paths.push('market-buffer.db', 'journal.db');
  } else {
    await dumpPostgres(places.books.url, join(draft, 'books.dump'));
    paths.push('books.dump');
  }
  const manifest: BackupManifest = {
    version: 1,
    mode: places.mode,
    journal: places.journal,
    engine: places.books.engine,
    madeAt: at,
    scheduled,
    files: await Promise.all(paths.map((path) => describe(draft, path))),
  };
  const content = JSON.stringify(manifest, null, 2);
  await writeFile(join(draft, MANIFEST), content, { flush: true, mode: 0o600 });
  await sealBackup(draft, content, places.key);
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
  await syncPath(places.backups);
  return { folder, manifest };
}

async function copyWarehouse({ warehouse }: Places, draft: string): Promise<string[]> {
  const manifest = await readManifest(warehouse);
  if (!manifest) return [];
  const paths = manifest.segments.map(({ file }) => join('warehouse', file));
  for (const { file } of manifest.segments) await copyImmutable(join(warehouse, file), join(draft, 'warehouse', file));
  const name = `manifest-${String(manifest.number).padStart(12, '0')}.json`;
  await mkdir(join(draft, 'warehouse'), { recursive: true, mode: 0o700 });
  // What was retired is not copied along.
  await writeFile(join(draft, 'warehouse', name), JSON.stringify({ ...manifest, retired: [] }), {
    flush: true,
    mode: 0o600,
  });
  return [...paths, join('warehouse', name)];
}

async function describe(folder: string, path: string): Promise<BackupFile> {
  const file = join(folder, path);
  return { path, sha256: await sha256Of(file), bytes: (await stat(file)).size };
}

/** Newest first. */
export async function listBackups(backups: string): Promise<Backup[]> {
  const names = await readdir(backups).catch(() => []);
  const found: Backup[] = [];
  for (const name of names.filter((each) => !each.endsWith('.part'))) {
    const folder = join(backups, name);
    const read = await readBackup(folder).catch(() => undefined);
    if (read) found.push({ folder, manifest: read.manifest });
  }
  return found.sort((a, b) => b.manifest.madeAt - a.manifest.madeAt);
}

/** No backup takes a day: an older draft was left by one that was interrupted. */
async function sweepDrafts(backups: string): Promise<void> {
  const names = await readdir(backups).catch(() => []);
  for (const name of names.filter((each) => each.endsWith('.part'))) {
    const draft = join(backups, name);
    if ((await lstat(draft)).mtimeMs < Date.now() - DAY_MS) await rm(draft, { recursive: true, force: true });
  }
}

/** Deletes what the schedule made before `before`; the newest stays in any case. Returns how many. */
export async function expireBackups(
  { backups, mode }: Pick<Places, 'backups' | 'mode'>,
  before: number,
): Promise<number> {
  const [, ...older] = (await listBackups(backups)).filter(({ manifest }) => manifest.mode === mode);
  const expired = older.filter(({ manifest }) => manifest.scheduled && manifest.madeAt < before);
  for (const { folder } of expired) await rm(folder, { recursive: true, force: true });
  await sweepDrafts(backups);
  return expired.length;
}
