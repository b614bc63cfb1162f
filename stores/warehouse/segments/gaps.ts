import type { Feed } from '../feeds.ts';
import type { Gap, Manifest } from '../port.ts';
import { changeManifest, currentManifest, type Warehouse } from '../warehouse.ts';

/** What is nowhere any more: deleted from its buffer, and not in this warehouse. Empty where an export can go on. */
export async function findGaps(warehouse: Warehouse, feeds: readonly Feed[]): Promise<Gap[]> {
  const manifest = await currentManifest(warehouse);
  const found = await Promise.all(feeds.map((feed) => gapOf(manifest, feed)));
  return found.filter((gap) => gap !== undefined);
}

async function gapOf({ cursors, segments }: Manifest, feed: Feed): Promise<Gap | undefined> {
  const { source } = feed;
  const cursor = cursors[source];
  const trimmed = await feed.trimmedThrough();
  if (trimmed <= cursor) return undefined;
  // The archive has every event at its own time, whatever happened when.
  const known = segments.filter((segment) => segment.source === source && segment.table === 'events');
  return {
    source,
    from: cursor + 1,
    to: trimmed,
    since: known.length === 0 ? null : Math.max(...known.map(({ maxAt }) => maxAt)),
    until: (await feed.oldestAfter(trimmed)) ?? null,
  };
}

/** Has the next exports begin behind what is missing, and keeps what that was. Nothing that the warehouse has changes. */
export async function skipGaps(warehouse: Warehouse, feeds: readonly Feed[]): Promise<Gap[]> {
  let skipped: Gap[] = [];
  await changeManifest(warehouse, async (manifest) => {
    skipped = (await Promise.all(feeds.map((feed) => gapOf(manifest, feed)))).filter((gap) => gap !== undefined);
    if (skipped.length === 0) return undefined;
    const moved = Object.fromEntries(skipped.map(({ source, to }) => [source, to]));
    return {
      ...manifest,
      cursors: { ...manifest.cursors, ...moved },
      gaps: [...(manifest.gaps ?? []), ...skipped],
    };
  });
  return skipped;
}
