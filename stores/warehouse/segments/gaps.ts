import type { DataClass, EventSource } from '../../../contracts/warehouse/tables.ts';
import type { Feed } from '../feeds.ts';
import type { Gap, Manifest } from '../port.ts';
import type { Lost, Range } from '../reports/query.ts';
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

/**
 * What a warehouse has not got of the past: `behind` what its buffer deleted, `skipped` because a person let it go on, `expired` by its retention.
 * UTC epoch milliseconds; null where nothing older, or younger, is known.
 */
export interface Missing {
  why: 'behind' | 'skipped' | 'expired';
  of: EventSource | DataClass;
  since: number | null;
  until: number | null;
}

/** What is missing of a time, and what of the trading is, whenever that was. Events as they were told are in no report. */
export async function missingFrom(
  warehouse: Warehouse,
  feeds: readonly Feed[],
  { from, to }: Range,
): Promise<{ missing: Missing[]; lost: Lost }> {
  const [{ gaps: skipped = [], expired = {} }, behind] = await Promise.all([
    currentManifest(warehouse),
    findGaps(warehouse, feeds),
  ]);
  const all: Missing[] = [
    ...skipped.map((gap) => missingOf('skipped', gap)),
    ...behind.map((gap) => missingOf('behind', gap)),
    ...Object.entries(expired)
      .filter(([of]) => of !== 'archive')
      .map(([of, until]): Missing => ({ why: 'expired', of: of as DataClass, since: null, until })),
  ];
  return {
    missing: all.filter(({ since, until }) => (since ?? from) < to && (until ?? to) > from),
    lost: {
      gaps: [...skipped, ...behind].filter(({ source }) => source === 'journal'),
      before: expired.trading,
    },
  };
}

const missingOf = (why: Missing['why'], { source, since, until }: Gap): Missing => ({ why, of: source, since, until });

const reasons: Record<Missing['why'], string> = {
  behind:
    'this warehouse has not got them and the books keep them no more: it is older than the books, or not that of the first machine',
  skipped: 'this warehouse was let go on without them',
  expired: 'deleted by retention',
};

/** A line for a person. */
export function missingLine({ why, of, since, until }: Missing): string {
  const time = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19);
  const span = `${since === null ? 'from the beginning' : `from ${time(since)}`} ${until === null ? 'until now' : `until ${time(until)}`}`;
  return `MISSING in these figures: ${of} ${why === 'expired' ? 'data' : 'events'} ${span} UTC (${reasons[why]}).`;
}
