import { join } from 'node:path';
import { UserError } from '../../../contracts/errors.ts';
import type { Segment } from '../port.ts';
import type { Warehouse } from '../warehouse.ts';
import { sha256Of } from './files.ts';

export const DAMAGED = 'WarehouseUnreadable';

export function unreadable({ folder }: Pick<Warehouse, 'folder'>, reason: string): UserError {
  return new UserError(
    DAMAGED,
    `What the warehouse in ${folder} holds cannot be read: ${reason.split('\n')[0]}. Restore the warehouse from a backup (./sapphire backup list).`,
  );
}

/**
 * Files whose bytes are no longer those that were written are no proof of anything, and are not made part of another.
 *
 * @param sound files that were held against their hashes before; grows
 */
export async function refuseDamaged(
  warehouse: Pick<Warehouse, 'folder'>,
  segments: readonly Segment[],
  sound: Set<string> = new Set(),
): Promise<void> {
  for (const { file, sha256 } of segments) {
    if (sound.has(file)) continue;
    const found = await sha256Of(join(warehouse.folder, file)).catch((error: unknown) => String(error));
    if (found !== sha256) throw unreadable(warehouse, `${file} is not as it was written (${found}, not ${sha256})`);
    sound.add(file);
  }
}
