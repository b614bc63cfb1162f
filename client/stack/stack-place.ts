import { createHmac, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { writePrivateFile } from '../../runtime/configuration/private-file.ts';
import type { KnownSecrets } from '../../runtime/configuration/secrets.ts';
import type { StackPlace } from '../../stores/journal/books/stacks.ts';

const MACHINE_FILE = '/etc/machine-id';

function stackFile(folder: string): string {
  return join(folder, 'stack-id');
}

/** Undefined where no stack has ever run in the folder. */
export function stackIdIn(folder: string): string | undefined {
  const file = stackFile(folder);
  if (!existsSync(file)) return undefined;
  return z.uuid().safeParse(readFileSync(file, 'utf8').trim()).data;
}

/**
 * Of a folder that this process has claimed. Where its id is missing, or none that can be read, another is made.
 *
 * @param severalMachines whether another machine gets to its books. Those in the folder itself go with it, whatever a container calls its machine.
 */
export function placeOf(folder: string, severalMachines = true): StackPlace {
  let stackId = stackIdIn(folder);
  if (stackId === undefined) {
    stackId = randomUUID();
    writePrivateFile(stackFile(folder), stackId);
  }
  const host = hostname();
  const machineId = existsSync(MACHINE_FILE) ? readFileSync(MACHINE_FILE, 'utf8').trim() : '';
  // Images share the file, and clones the name.
  return { stackId, machine: severalMachines ? `${machineId}/${host}` : 'here', host, folder };
}

/** Equal for equal secrets, and of no use to whoever reads it. */
function checkOf(secret: string): string {
  return createHmac('sha256', secret).update('sapphire stack').digest('hex').slice(0, 32);
}

export function checksOf({ guardSecret, payloadKeys }: KnownSecrets): { guardCheck: string; payloadCheck: string } {
  return {
    guardCheck: guardSecret === undefined ? '' : checkOf(guardSecret),
    payloadCheck: payloadKeys === undefined ? '' : checkOf(payloadKeys),
  };
}
