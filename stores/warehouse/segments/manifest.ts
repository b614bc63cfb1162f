import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../../contracts/errors.ts';
import { dataClasses, eventSources, type TableName, tableNames } from '../../../contracts/warehouse/tables.ts';
import type { Mode } from '../../../domain/market/market.ts';
import type { Manifest } from '../port.ts';
import { type SegmentFiles } from './files.ts';

/** Manifests that are kept behind the newest, for a person who wants to see what came when. */
const KEPT = 20;
const pattern = /^manifest-(\d{12})\.json$/;

const segmentSchema = z.strictObject({
  table: z.enum(tableNames as [TableName, ...TableName[]]),
  file: z.string().regex(/^[a-z_]+\/[a-z]+-\d+-\d+-[0-9a-f]{12}\.parquet$/),
  source: z.enum(eventSources),
  from: z.int(),
  to: z.int(),
  rows: z.int(),
  bytes: z.int(),
  sha256: z.string(),
  minAt: z.int(),
  maxAt: z.int(),
  offered: z.strictObject({ to: z.string(), at: z.int() }).optional(),
  loadedTo: z.string().optional(),
  stream: z.string().optional(),
});

const manifestSchema: z.ZodType<Manifest> = z.strictObject({
  version: z.literal(1),
  number: z.int(),
  mode: z.enum(['paper', 'live']),
  journal: z.string(),
  committedAt: z.int(),
  cursors: z.strictObject({ journal: z.int(), market: z.int(), audit: z.int() }),
  segments: z.array(segmentSchema),
  retired: z.array(z.strictObject({ file: z.string(), at: z.int() })),
  gaps: z
    .array(
      z.strictObject({
        source: z.enum(eventSources),
        from: z.int(),
        to: z.int(),
        since: z.int().nullable(),
        until: z.int().nullable(),
      }),
    )
    .optional(),
  expired: z.partialRecord(z.enum(dataClasses), z.int()).optional(),
});

function nameOf(number: number): string {
  return `manifest-${String(number).padStart(12, '0')}.json`;
}

async function numbers(folder: string): Promise<number[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await readdir(folder);
  return names
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** The newest manifest; undefined while the warehouse is empty. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  for (let tries = 1; ; tries += 1) {
    const newest = (await numbers(folder)).at(-1);
    if (newest === undefined) return undefined;
    const path = join(folder, nameOf(newest));
    try {
      return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (error) {
      // Twenty commits later it was cleared away between the two reads: there is a newer one.
      const gone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (gone && tries < 5) continue;
      throw new UserError(
        'WarehouseUnreadable',
        `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}. Restore the warehouse from a backup, or move its folder away and fill a new one from what the journal still has (./sapphire warehouse skip).`,
      );
    }
  }
}

export function emptyManifest(mode: Mode, journal: string): Manifest {
  return {
    version: 1,
    number: 0,
    mode,
    journal,
    committedAt: 0,
    cursors: { journal: 0, market: 0, audit: 0 },
    segments: [],
    retired: [],
  };
}

/**
 * Takes effect whole or not at all, and only on top of the very manifest that it was made from: false when another commit came first. So of two
 * exporters, one of which was taken for dead, at most one's work counts.
 */
export async function commitManifest(folder: string, next: Manifest, files: SegmentFiles): Promise<boolean> {
  const known = await numbers(folder);
  if ((known.at(-1) ?? 0) !== next.number - 1) return false;
  if (!(await files.createExclusive(join(folder, nameOf(next.number)), JSON.stringify(next)))) return false;
  for (const old of known.slice(0, -KEPT)) await rm(join(folder, nameOf(old)), { force: true });
  return true;
}
