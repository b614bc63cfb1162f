import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stampOf } from './copy.ts';

/** What a restore, or the way back from one, has moved out of the way: whole books, on the disk of the books. */
export interface Aside {
  folder: string;
  by: 'restore' | 'back';
  /** Of the restore. */
  madeAt: number;
  bytes: number;
}

const NAME = /^before-(restore|back)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** Newer than all that are there, also within a second of one: by their names it is known which books were moved last. */
export async function freeAside(data: string, at: number, by: Aside['by']): Promise<string> {
  const [newest] = await listAsides(data);
  return join(data, `before-${by}-${stampOf(Math.max(at, (newest?.madeAt ?? 0) + 1_000))}`);
}

/** Newest first. */
export async function listAsides(data: string): Promise<Aside[]> {
  const asides: Aside[] = [];
  for (const name of await readdir(data).catch(() => [])) {
    const [, by, ...digits] = NAME.exec(name) ?? [];
    const [year, month, day, hour, minute, second] = digits.map(Number);
    if (year === undefined || month === undefined) continue;
    const folder = join(data, name);
    asides.push({
      folder,
      by: by === 'back' ? 'back' : 'restore',
      madeAt: Date.UTC(year, month - 1, day, hour, minute, second),
      bytes: await bytesBelow(folder),
    });
  }
  return asides.sort((a, b) => b.madeAt - a.madeAt);
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await lstat(join(parentPath, name))).size),
  );
  return sizes.reduce((total, size) => total + size, 0);
}

/** Deletes what restores before `before` left. Returns how many. */
export async function expireAsides(data: string, before: number): Promise<number> {
  const expired = (await listAsides(data)).filter(({ madeAt }) => madeAt < before);
  for (const { folder } of expired) await rm(folder, { recursive: true, force: true });
  return expired.length;
}
