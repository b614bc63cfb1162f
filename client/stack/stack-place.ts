import { createHmac, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { writePrivateFile } from '../../runtime/configuration/private-file.ts';
import { type KnownSecrets, knownSecrets } from '../../runtime/configuration/secrets.ts';
import type { StackPlace, StackTerms } from '../../stores/journal/books/stacks.ts';

const MACHINE_FILE = '/etc/machine-id';

function stackFile(folder: string): string {
  return join(folder, 'stack-id');
}

/** Undefined where no stack has ever run in the folder. */
function stackIdIn(folder: string): string | undefined {
  const file = stackFile(folder);
  if (!existsSync(file)) return undefined;
  return z.uuid().safeParse(readFileSync(file, 'utf8').trim()).data;
}

/**
 * Undefined where no stack has ever run in the folder.
 *
 * @param severalMachines whether another machine gets to its books. Those in the folder itself go with it, whatever a container calls its machine.
 */
export function knownPlace(folder: string, severalMachines: boolean): StackPlace | undefined {
  const stackId = stackIdIn(folder);
  if (stackId === undefined) return undefined;
  const host = hostname();
  const machineId = existsSync(MACHINE_FILE) ? readFileSync(MACHINE_FILE, 'utf8').trim() : '';
  // Images share the file, and clones the name.
  return { stackId, machine: severalMachines ? `${machineId}/${host}` : 'here', host, folder };
}

/** Of a folder that this process has claimed. Where its id is missing, or none that can be read, another is made. */
export function placeOf(folder: string, severalMachines: boolean): StackPlace {
  if (stackIdIn(folder) === undefined) writePrivateFile(stackFile(folder), randomUUID());
  const place = knownPlace(folder, severalMachines);
  if (!place) throw new Error(`${stackFile(folder)} was written and cannot be read`);
  return place;
}

/** This machine's data folder, as its claim on the books names it. */
export function ownPlace(): StackPlace | undefined {
  return knownPlace(dataFolder(), knownSecrets().journalUrl !== undefined);
}

/** Equal for equal secrets, and of no use to whoever reads it. */
function checkOf(secret: string): string {
  return createHmac('sha256', secret).update('sapphire stack').digest('hex').slice(0, 32);
}

export function checksOf({
  guardSecret,
  payloadKeys,
  coordinatorToken,
}: KnownSecrets): Pick<StackTerms, 'guardCheck' | 'payloadCheck' | 'coordinatorCheck'> {
  const check = (secret: string | undefined): string => (secret === undefined ? '' : checkOf(secret));
  return {
    guardCheck: check(guardSecret),
    payloadCheck: check(payloadKeys),
    coordinatorCheck: check(coordinatorToken),
  };
}
