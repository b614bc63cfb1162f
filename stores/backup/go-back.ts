import { existsSync } from 'node:fs';
import { link, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../contracts/errors.ts';
import { replacementIn, unfinished } from '../journal/replacement.ts';
import { type Aside, listAsides } from './asides.ts';
import type { Tell } from './meter.ts';
import { dataOf } from './places.ts';
import { asidePlaces, type BookPlaces, booksName, draftOf, type Replaced, replaceBooks, SUFFIXES } from './replace.ts';

export interface WentBack extends Replaced {
  /** What was put back. */
  from: Aside;
}

/**
 * Puts what the last restore moved aside back in its place; what stands there is moved aside in its turn, so that the way back can be gone back, too.
 * Nothing may run meanwhile. Where it was cut off the same call goes on with it.
 *
 * @param named which one; the newest without
 * @returns undefined where the last restore was gone back from already
 * @throws {UserError} `NothingToGoBackTo`, `RestoreUnfinished` where a restore is to be completed first, and what keeps a restore from it
 */
export async function goBack(
  places: BookPlaces,
  at: number,
  { named, tell = () => undefined }: { named?: string; tell?: Tell } = {},
): Promise<WentBack | undefined> {
  const data = dataOf(places);
  const begun = replacementIn(data);
  if (begun?.by === 'restore') throw unfinished(data, begun);
  const whole = (await listAsides(data)).filter(
    ({ folder }) => folder !== begun?.aside && existsSync(join(folder, booksName(places))),
  );
  const wanted = named ?? begun?.source;
  const from = wanted === undefined ? whole[0] : whole.find(({ folder }) => folder === wanted);
  if (!from) {
    const what = wanted === undefined ? `No restore has moved books aside in ${data}` : `${wanted} holds no such books`;
    throw new UserError(
      'NothingToGoBackTo',
      `${what}: what there is shows "./sapphire backup list". Nothing was changed.`,
    );
  }
  if (wanted === undefined && from.by === 'back') return undefined;
  const stage = () => stageAside(from.folder, places);
  const replaced = await replaceBooks(places, { at, by: 'back', source: from.folder, stage, tell });
  return { ...replaced, from };
}

/** On one disk with its places: names alone are made, and the folder stays whole until all is done. */
async function stageAside(folder: string, places: BookPlaces): Promise<void> {
  for (const { name, place } of asidePlaces(places)) {
    for (const suffix of SUFFIXES) {
      const from = join(folder, `${name}${suffix}`);
      if (await lstat(from).catch(() => undefined)) await linkAll(from, `${draftOf(place)}${suffix}`);
    }
  }
}

async function linkAll(from: string, to: string): Promise<void> {
  if (!(await lstat(from)).isDirectory()) return link(from, to);
  await mkdir(to, { mode: 0o700 });
  for (const name of await readdir(from)) await linkAll(join(from, name), join(to, name));
}
