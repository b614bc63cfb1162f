import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../runtime/configuration/make-folder.ts';
import { sha256Of, syncPath } from '../warehouse/segments/files.ts';
import { readManifest } from '../warehouse/segments/manifest.ts';
import { expireAsides } from './asides.ts';
import { copyImmutable, copySqlite, dumpPostgres, stampOf } from './copy.ts';
import { type BackupManifest, MANIFEST, readBackup } from './manifest.ts';
import type { Tell } from './meter.ts';
import { PACKED, pack } from './packed.ts';
import { dataOf, type Places } from './places.ts';
import type { BackupFile } from './plain-files.ts';
import { sealBackup } from './seal.ts';
import { bytesNeeded, isFull, noRoom, refuseWithoutRoom } from './space.ts';

const DAY_MS = 86_400_000;

export interface Backup {
  folder: string;
  manifest: BackupManifest;
}

/**
 * Copies warehouse, market buffer and journal, while all of them are written. The warehouse comes first: what it has, the books have as well. A
 * backup is there once its folder has its name, and what fails leaves nothing.
 */
export async function makeBackup(
  places: Places,
  {
    at,
    scheduled,
    lacking = [],
    tell = () => undefined,
  }: { at: number; scheduled: boolean; lacking?: readonly string[]; tell?: Tell },
): Promise<Backup> {
  const folder = join(places.backups, `${places.mode}-${stampOf(at)}`);
  const draft = `${folder}.part`;
  const remedy =
    'Make room, keep fewer (retention: backupDays), or name another disk: SAPPHIRE_BACKUPS, or --out for one backup.';
  await rm(draft, { recursive: true, force: true });
  makeFolder(draft, 0o700);
  try {
    const former = (await listBackups(places.backups)).find(({ manifest }) => manifest.journal === places.journal);
    await refuseWithoutRoom(places.backups, 'a backup', await bytesNeeded(places, draft, former?.manifest), remedy);
    const files = [...(await copyWarehouse(places, draft)), ...(await copyBooks(places, draft, tell))];
    const { mode, journal, binding, books } = places;
    const manifest: BackupManifest = {
      version: 2,
      mode,
      journal,
      ...(binding ? { binding } : {}),
      engine: books.engine,
      madeAt: at,
      scheduled,
      ...(lacking.length > 0 ? { lacking: [...lacking] } : {}),
      files,
    };
    const content = JSON.stringify(manifest, null, 2);
    await writeFile(join(draft, MANIFEST), content, { flush: true, mode: 0o600 });
    await sealBackup(draft, content, places.key);
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
    await syncPath(places.backups);
    return { folder, manifest };
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (isFull(error)) throw noRoom(`The disk of ${places.backups} ran full while a backup was made. ${remedy}`);
    throw error;
  }
}

async function copyBooks({ books }: Places, draft: string, tell: Tell): Promise<BackupFile[]> {
  if (books.engine === 'postgres') {
    await dumpPostgres(books.url, join(draft, 'books.dump'), tell);
    return [await describe(draft, 'books.dump')];
  }
  const files: BackupFile[] = [];
  for (const [name, from] of [
    ['market-buffer.db', books.market],
    ['journal.db', books.journal],
  ] as const) {
    // It is made by the first that needs it, and stops nothing where it is not there.
    if (name === 'market-buffer.db' && !existsSync(from)) continue;
    const copy = join(draft, name);
    await copySqlite(from, copy, tell);
    const contentBytes = await pack(copy, `${copy}${PACKED}`, tell);
    await rm(copy);
    files.push({ ...(await describe(draft, `${name}${PACKED}`)), contentBytes });
  }
  return files;
}

async function copyWarehouse({ warehouse }: Places, draft: string): Promise<BackupFile[]> {
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
  return Promise.all([...paths, join('warehouse', name)].map((path) => describe(draft, path)));
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

/**
 * Deletes what the schedule made before `before`, of which the newest backup stays in any case, and what restores before then moved aside. Returns how
 * many.
 */
export async function expireBackups(
  { backups, mode, warehouse }: Pick<Places, 'backups' | 'mode' | 'warehouse'>,
  before: number,
): Promise<number> {
  const [, ...older] = (await listBackups(backups)).filter(({ manifest }) => manifest.mode === mode);
  const expired = older.filter(({ manifest }) => manifest.scheduled && manifest.madeAt < before);
  for (const { folder } of expired) await rm(folder, { recursive: true, force: true });
  await sweepDrafts(backups);
  return expired.length + (await expireAsides(dataOf({ warehouse }), before));
}
