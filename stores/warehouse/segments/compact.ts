import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataClass, type TableName, tables } from '../../../contracts/warehouse/tables.ts';
import { quoted, withDuckDb } from '../duckdb/database.ts';
import type { Manifest, Segment } from '../port.ts';
import { changeManifest, currentManifest, type Warehouse } from '../warehouse.ts';
import { refuseDamaged } from './sound.ts';
import { writeSegment } from './write.ts';

/** Neighbours of about one size that are made one: each row is written again once for every tenfold of rows. */
const NEIGHBOURS = 10;
const MOST_ROWS = 5_000_000;
/** No file becomes larger by being put together, compressed: its rows are written anew within seconds. */
const MOST_BYTES = 256 * 1024 * 1024;
/** A reader or an exporter that began before a file was retired, or that has not committed it yet, is done by then. */
const GRACE_MS = 15 * 60_000;
const DAY_MS = 86_400_000;

/** Days by class of data; null keeps it for ever. */
export type KeepDays = Record<DataClass, number | null>;

/** Told of each table whose segments stay as they are this time, and why: the others go on. Where nobody is told, it is thrown. */
type OnFailure = (table: TableName, error: unknown) => void;

const thrown: OnFailure = (_table, error) => {
  throw error;
};

function tierOf({ rows }: Segment): number {
  return Math.floor(Math.log10(Math.max(1, rows)));
}

/**
 * The first run of neighbours of one table and source, of one tier, that is long enough. With a cloud warehouse only what that has, too.
 *
 * @param without tables that have none
 */
function nextRun(
  { segments }: Manifest,
  cloud: string | undefined,
  without: ReadonlySet<TableName>,
): Segment[] | undefined {
  const mergeable = segments.filter(({ table, bytes }) => !without.has(table) && bytes <= MOST_BYTES / NEIGHBOURS);
  const groups = Map.groupBy(mergeable, ({ table, source }) => `${table}/${source}`);
  for (const group of groups.values()) {
    const ordered = group.toSorted((a, b) => a.from - b.from);
    for (let tier = 0; tier < 7; tier += 1) {
      const small = ordered.filter(
        (segment) => tierOf(segment) === tier && (cloud === undefined || segment.loadedTo === cloud),
      );
      const run = small.slice(0, NEIGHBOURS);
      const rows = run.reduce((total, segment) => total + segment.rows, 0);
      if (run.length === NEIGHBOURS && rows <= MOST_ROWS) return run;
    }
  }
  return undefined;
}

/** Makes one segment of several small ones, until no run of them is left. Returns how many it took away. */
export async function compactSegments(warehouse: Warehouse, cloud?: string, onFailure = thrown): Promise<number> {
  const failed = new Set<TableName>();
  let taken = 0;
  for (;;) {
    const committed = await changeManifest(warehouse, async (manifest) => {
      for (let run = nextRun(manifest, cloud, failed); run?.[0]; run = nextRun(manifest, cloud, failed)) {
        const [{ table }] = run;
        try {
          const merged = await rewrite(warehouse, run, 'true');
          return replaced(manifest, run, merged ? [merged] : [], warehouse.now());
        } catch (error) {
          failed.add(table);
          onFailure(table, error);
        }
      }
      return undefined;
    });
    if (!committed) return taken;
    taken += NEIGHBOURS - 1;
  }
}

/**
 * Deletes what is older than its class of data is kept. Returns how many rows, by table.
 *
 * @param held rows of these tables stay from that time on, UTC epoch milliseconds, however old they are
 */
export async function expireSegments(
  warehouse: Warehouse,
  keep: KeepDays,
  held: Partial<Record<TableName, number>> = {},
  onFailure = thrown,
): Promise<Record<string, number>> {
  const expired: Record<string, number> = {};
  await changeManifest(warehouse, async (manifest) => {
    for (const name of Object.keys(expired)) delete expired[name];
    const gone: Segment[] = [];
    const kept: Segment[] = [];
    const ends = { ...manifest.expired };
    for (const segment of manifest.segments) {
      const { dataClass } = tables[segment.table];
      const days = keep[dataClass];
      // A day's grace: no segment is written anew for a few rows of it.
      const old = days === null ? 0 : warehouse.now() - days * DAY_MS;
      const cutoff = Math.min(old, held[segment.table] ?? old);
      if (segment.minAt >= cutoff - DAY_MS) continue;
      try {
        const rest = segment.maxAt < cutoff ? undefined : await rewrite(warehouse, [segment], keptSince(cutoff));
        gone.push(segment);
        ends[dataClass] = Math.max(ends[dataClass] ?? 0, cutoff);
        if (rest) kept.push({ ...rest, loadedTo: segment.loadedTo });
        expired[segment.table] = (expired[segment.table] ?? 0) + segment.rows - (rest?.rows ?? 0);
      } catch (error) {
        onFailure(segment.table, error);
      }
    }
    if (gone.length === 0) return undefined;
    return { ...replaced(manifest, gone, kept, warehouse.now()), expired: ends };
  });
  return expired;
}

function keptSince(at: number): string {
  return `event_at >= make_timestamptz(${Math.floor(at) * 1_000})`;
}

/**
 * One segment of several, with the rows of them that meet the condition, in the order of the segments: to sort whole records takes more memory than
 * there is beside trading.
 *
 * @throws UserError WarehouseUnreadable where one is no longer as it was written: a changed row would get a hash of its own
 */
export async function rewrite(
  warehouse: Warehouse,
  run: readonly Segment[],
  condition: string,
): Promise<Segment | undefined> {
  const [first] = run;
  if (!first) return undefined;
  const { table, source, loadedTo } = first;
  await refuseDamaged(warehouse, run);
  const paths = run
    .toSorted((a, b) => a.from - b.from)
    .map(({ file }) => quoted(join(warehouse.folder, file)))
    .join(', ');
  const query = `SELECT * FROM read_parquet([${paths}], union_by_name = true) WHERE ${condition}`;
  const range = { source, from: Math.min(...run.map(({ from }) => from)), to: Math.max(...run.map(({ to }) => to)) };
  const written = await withDuckDb(warehouse.limits, (connection) =>
    writeSegment(connection, warehouse, { table, range, query }),
  );
  const offered = run.map((segment) => segment.offered).toSorted((a, b) => (a?.at ?? 0) - (b?.at ?? 0));
  const latest = offered.at(-1);
  return { ...written, ...(latest ? { offered: latest } : {}), ...(loadedTo === undefined ? {} : { loadedTo }) };
}

export function replaced(
  { cursors, segments, retired }: Manifest,
  gone: readonly Segment[],
  added: readonly Segment[],
  at: number,
): Pick<Manifest, 'cursors' | 'segments' | 'retired'> {
  return {
    cursors,
    segments: [...segments.filter((segment) => !gone.includes(segment)), ...added],
    retired: [...retired, ...gone.map(({ file }) => ({ file, at }))],
  };
}

/** Deletes files that no manifest names any more, or never did: what was retired, and what interrupted exports left. */
export async function sweepFiles(warehouse: Warehouse): Promise<number> {
  const before = warehouse.now() - GRACE_MS;
  let swept = 0;
  const committed = await changeManifest(warehouse, async (manifest) => {
    const old = manifest.retired.filter(({ at }) => at < before);
    for (const { file } of old) await rm(join(warehouse.folder, file), { force: true });
    swept += old.length;
    return old.length === 0
      ? undefined
      : { ...manifest, retired: manifest.retired.filter((each) => !old.includes(each)) };
  });
  const manifest = committed ?? (await currentManifest(warehouse));
  const named = new Set([...manifest.segments, ...manifest.retired].map(({ file }) => file));
  for (const table of Object.keys(tables)) {
    const names = await readdir(join(warehouse.folder, table)).catch(() => []);
    for (const name of names.filter((each) => !named.has(`${table}/${each}`))) {
      const path = join(warehouse.folder, table, name);
      const { mtimeMs } = await stat(path);
      if (mtimeMs >= before) continue;
      await rm(path, { force: true });
      swept += 1;
    }
  }
  return swept;
}
