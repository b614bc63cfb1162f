import type { Journal } from '../journal/port.ts';
import { readManifest } from '../warehouse/segments/manifest.ts';

/**
 * What neither the books nor the warehouse in a folder has, and a backup of both would leave out: a line each. So it is on each machine but the first,
 * and where the warehouse was lost.
 */
export async function lackingIn(
  folder: string,
  { outbox, archive }: Pick<Journal, 'outbox' | 'archive'>,
): Promise<string[]> {
  const [manifest, trimmed, movedUntil] = await Promise.all([
    readManifest(folder),
    outbox.trimmedThrough(),
    archive.movedUntil(),
  ]);
  const lacking: string[] = [];
  const cursor = manifest?.cursors.journal ?? 0;
  if (trimmed > cursor) lacking.push(`events ${cursor + 1} to ${trimmed} of the journal`);
  if (movedUntil === undefined || movedUntil < (manifest?.expired?.trading ?? 0)) return lacking;
  const isThere = manifest?.segments.some(
    ({ table, minAt, maxAt }) => table === 'decision_records' && minAt <= movedUntil && movedUntil <= maxAt,
  );
  if (isThere !== true)
    lacking.push(`decision records that moved to the warehouse, up to ${new Date(movedUntil).toISOString()}`);
  return lacking;
}
