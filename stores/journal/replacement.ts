import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../contracts/errors.ts';
import { readYaml, validated } from '../../runtime/configuration/load.ts';
import { writePrivateFile } from '../../runtime/configuration/private-file.ts';

const replacementSchema = z.strictObject({
  by: z.enum(['restore', 'back']),
  /** Folder of the books that take the place: a backup, or what a restore has moved aside. */
  source: z.string().min(1),
  /** Folder that what stood there is moved to. */
  aside: z.string().min(1),
  /** What stood there, with the newest halt epoch of any account; missing where there was nothing, or nothing that could be read. */
  former: z.strictObject({ journal: z.string(), epoch: z.int() }).optional(),
});
/**
 * That other books are taking the place of a data folder's. It is kept from before the first of them is moved until those that stand there then are
 * halted in a life of their own: whoever is killed in between leaves none that are used.
 */
export type Replacement = z.output<typeof replacementSchema>;

const fileIn = (data: string): string => join(data, 'replacing.json');

/** @throws UserError ConfigurationInvalid, ConfigurationUnreadable */
export function replacementIn(data: string): Replacement | undefined {
  const file = fileIn(data);
  return existsSync(file) ? validated(replacementSchema, readYaml(file), file) : undefined;
}

export function keepReplacement(data: string, replacement: Replacement): void {
  writePrivateFile(fileIn(data), JSON.stringify(replacement, null, 2));
}

export function forgetReplacement(data: string): void {
  rmSync(fileIn(data), { force: true });
}

/** @throws UserError RestoreUnfinished */
export function refuseWhileReplaced(data: string): void {
  const replacement = replacementIn(data);
  if (replacement) throw unfinished(data, replacement);
}

export function unfinished(data: string, { by, source }: Replacement): UserError {
  const command = by === 'back' ? `./sapphire restore --back ${source} --yes` : `./sapphire restore ${source} --yes`;
  return new UserError(
    'RestoreUnfinished',
    `The books of ${data} are being replaced, or were when that was cut off: nothing uses them before it has ended and trading is halted. Where it does not run any more, complete it: ${command}`,
  );
}
