import { UserError } from '../../../contracts/errors.ts';
import type { CloudWarehouse, Manifest, Segment } from '../port.ts';
import { changeManifest, type Warehouse } from '../warehouse.ts';
import { replaced, rewrite } from './compact.ts';
import { DAMAGED, refuseDamaged } from './sound.ts';

/**
 * Google lets a table have 1,500 load jobs a day, those that fail included, which nobody can raise ("Quotas and limits", load jobs; "Optimize load
 * jobs"). What it lets a partitioned table have instead is more, and not counted on. A table has rows of three sources at most: one job in five
 * minutes of each makes 864.
 */
const EVERY_MS = 5 * 60_000;
/** What waits goes at once when it is this much, and no more of it is made one file: 1,500 of them are 96 GB a day. */
const BYTES = 64 * 1024 * 1024;

/**
 * Makes ready for the cloud what waits for it: of each table and source the small segments become one, each five minutes or as soon as there is
 * much. What was offered once goes under that file's name, whatever interrupts its load.
 *
 * @param all without waiting for its time
 * @returns why segments wait on of which one is no longer as it was written, by the files of them: the others do not wait for a person to look
 */
export async function offerSegments(
  warehouse: Warehouse,
  cloud: Pick<CloudWarehouse, 'name' | 'streams'>,
  { all }: { all: boolean },
): Promise<Map<string, UserError>> {
  const refused = new Map<string, UserError>();
  await changeManifest(warehouse, async (manifest) => {
    refused.clear();
    const at = warehouse.now();
    const due = dueGroups(manifest, cloud, all ? Number.POSITIVE_INFINITY : at);
    const [gone, added]: [Segment[], Segment[]] = [[], []];
    for (const group of due) {
      for (const run of runsOf(group)) {
        const one = await oneOf(warehouse, run);
        if (one instanceof UserError) {
          for (const { file } of run) refused.set(file, one);
          continue;
        }
        gone.push(...run);
        if (one) added.push({ ...one, offered: { to: cloud.name, at } });
      }
    }
    if (gone.length === 0) return undefined;
    const next = replaced(manifest, gone, added, at);
    // A file that goes as it is has not been retired.
    const kept = new Set(added.map(({ file }) => file));
    return { ...next, retired: next.retired.filter(({ file }) => !kept.has(file)) };
  });
  return refused;
}

/** What goes to the cloud of a run, or why nothing does. */
async function oneOf(warehouse: Warehouse, run: readonly Segment[]): Promise<Segment | undefined | UserError> {
  try {
    if (run.length > 1) return await rewrite(warehouse, run, 'true');
    await refuseDamaged(warehouse, run);
    return run[0];
  } catch (error) {
    if (error instanceof UserError && error.code === DAMAGED) return error;
    throw error;
  }
}

/** What waits, by table and source, where the last that was offered of it is long enough ago or enough of it waits. */
function dueGroups(
  { segments }: Manifest,
  { name, streams }: Pick<CloudWarehouse, 'name' | 'streams'>,
  at: number,
): Segment[][] {
  const groups = Map.groupBy(segments, ({ table, source }) => `${table}/${source}`);
  return [...groups.values()].flatMap((group) => {
    const waiting = group.filter(
      ({ table, loadedTo, offered, stream }) =>
        loadedTo !== name && offered?.to !== name && stream === undefined && !streams(table),
    );
    const last = Math.max(
      ...group.map(({ offered }) => (offered?.to === name ? offered.at : Number.NEGATIVE_INFINITY)),
    );
    const bytes = waiting.reduce((total, segment) => total + segment.bytes, 0);
    return at - last >= EVERY_MS || bytes >= BYTES ? [waiting] : [];
  });
}

/** Neighbours that make one file. One that another dataset has goes by itself: put together, it would go there again. */
function runsOf(group: readonly Segment[]): Segment[][] {
  const runs: Segment[][] = [];
  let bytes = 0;
  for (const segment of group.toSorted((a, b) => a.from - b.from)) {
    const run = runs.at(-1);
    const joins = run?.every(({ loadedTo }) => loadedTo === undefined) && segment.loadedTo === undefined;
    if (run && joins && bytes + segment.bytes <= BYTES) run.push(segment);
    else {
      runs.push([segment]);
      bytes = 0;
    }
    bytes += segment.bytes;
  }
  return runs;
}
