import { dirname, join } from 'node:path';
import { UserError } from '../../contracts/errors.ts';
import { syncPath } from '../warehouse/segments/files.ts';
import { type BackupManifest, readBackup, refuseNoBackup, unusable } from './manifest.ts';
import type { Tell } from './meter.ts';
import { PACKED } from './packed.ts';
import { dataOf } from './places.ts';
import { copyChecked } from './plain-files.ts';
import { type BookPlaces, draftOf, type Replaced, ROOM, replaceBooks, targetsOf } from './replace.ts';
import { type Origin, originOf } from './seal.ts';
import { refuseWithoutRoom } from './space.ts';

/**
 * Puts a backup in the place of books and warehouse, which are moved aside, not deleted. Nothing may run meanwhile. Every file that the manifest
 * names, and no other, is copied beside its place and checked in the copying before the first is moved, so that what interrupts it early changes
 * nothing, and the same command completes it later.
 *
 * @param unsealed takes a backup that does not bear this installation's seal
 * @returns what the backup was, whether it is known to be ours, where the former books are, and what they were
 */
export async function restoreBackup(
  folder: string,
  places: BookPlaces,
  at: number,
  { unsealed = false, tell = () => undefined }: { unsealed?: boolean; tell?: Tell } = {},
): Promise<{ manifest: BackupManifest; origin: Origin } & Replaced> {
  refuseNoBackup(folder);
  const { manifest, content } = await readBackup(folder);
  const origin = await originOf(folder, content, places.key);
  refuseOthers(folder, manifest, origin, places, unsealed);
  const stage = () => stageBackup(folder, manifest, places, tell);
  return { manifest, origin, ...(await replaceBooks(places, { at, by: 'restore', source: folder, stage, tell })) };
}

function refuseOthers(
  folder: string,
  { mode, engine }: BackupManifest,
  origin: Origin,
  places: BookPlaces,
  unsealed: boolean,
): void {
  if (mode !== places.mode || engine !== places.books.engine) {
    throw new UserError(
      'BackupOfAnotherKind',
      `${folder} is a backup of ${mode} books in ${engine}; the configuration says ${places.mode} in ${places.books.engine}.`,
    );
  }
  if (origin === 'not sealed' && !unsealed) {
    throw new UserError(
      'BackupNotSealed',
      `${folder} does not bear the seal of ${places.key}: it was changed, or made by another installation or an earlier release. If you trust where it was kept, add --unsealed.`,
    );
  }
}

async function stageBackup(folder: string, { files }: BackupManifest, places: BookPlaces, tell: Tell): Promise<void> {
  const data = dataOf(places);
  const needs = files.reduce((total, { bytes, contentBytes = bytes }) => total + contentBytes, 0);
  await refuseWithoutRoom(data, 'what this backup holds', needs, ROOM);
  const targets = targetsOf(places);
  const filled = new Set<string>();
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
}
