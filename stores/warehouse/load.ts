import { join } from 'node:path';
import { UserError } from '../../contracts/errors.ts';
import type { LoadReport } from '../../contracts/warehouse/reports.ts';
import type { CloudWarehouse, Segment } from './port.ts';
import { offerSegments } from './segments/offer.ts';
import { DAMAGED, refuseDamaged } from './segments/sound.ts';
import { changeManifest, currentManifest, type Warehouse } from './warehouse.ts';

/** Faults of one segment, not of the way there. */
const ofTheSegment = ['CloudRowsDiffer', 'CloudLoadFailed', DAMAGED];
/** Segments of one commit: what a crash between load and commit has asked for again, which changes nothing. */
const BATCH = 20;

/**
 * Has every segment in the cloud warehouse whose time has come (`offerSegments`), or all of them. A load is idempotent by the segment's name, and the mark that it is done comes after it: whatever
 * interrupts this, no segment is left out and none is there twice.
 */
export async function loadSegments(
  warehouse: Warehouse,
  cloud: CloudWarehouse,
  { signal, all = false }: { signal?: AbortSignal; all?: boolean } = {},
): Promise<LoadReport> {
  const refused = await offerSegments(warehouse, cloud, { all });
  const report: LoadReport = { loaded: 0, rows: 0, to: cloud.name };
  for (;;) {
    const { segments } = await currentManifest(warehouse);
    const waiting = segments
      .filter(({ file, loadedTo }) => loadedTo !== cloud.name && !refused.has(file))
      .filter(
        ({ table, offered, stream }) => offered?.to === cloud.name || stream !== undefined || cloud.streams(table),
      )
      .slice(0, BATCH);
    if (waiting.length === 0) break;
    const loaded: Segment[] = [];
    try {
      for (const segment of await withStreams(warehouse, cloud, waiting)) {
        signal?.throwIfAborted();
        const fault = await refusalOf(warehouse, cloud, segment);
        if (fault) refused.set(segment.file, fault);
        else loaded.push(segment);
      }
    } finally {
      await markLoaded(warehouse, cloud.name, loaded);
    }
    report.loaded += loaded.length;
    report.rows += loaded.reduce((total, { rows }) => total + rows, 0);
  }
  // Said once the others are there: one segment that a person has to look at holds up none.
  for (const fault of refused.values()) throw fault;
  return report;
}

async function refusalOf(
  warehouse: Warehouse,
  cloud: CloudWarehouse,
  segment: Segment,
): Promise<UserError | undefined> {
  try {
    await refuseDamaged(warehouse, [segment]);
    await cloud.load(segment, join(warehouse.folder, segment.file));
    return undefined;
  } catch (error) {
    if (error instanceof UserError && ofTheSegment.includes(error.code)) return error;
    throw error;
  }
}

/** The name of a stream is committed before a row goes through it: whoever goes on after a crash goes on with that one. */
async function withStreams(
  warehouse: Warehouse,
  cloud: CloudWarehouse,
  waiting: readonly Segment[],
): Promise<readonly Segment[]> {
  const made = new Map<string, string>();
  for (const { table, file, stream } of waiting) {
    const opening = stream === undefined ? cloud.streamOf(table) : undefined;
    if (opening) made.set(file, await opening);
  }
  if (made.size === 0) return waiting;
  const withStream = (segment: Segment): Segment => {
    const stream = segment.stream ?? made.get(segment.file);
    return stream === undefined ? segment : { ...segment, stream };
  };
  const committed = await changeManifest(warehouse, async (manifest) => ({
    ...manifest,
    segments: manifest.segments.map(withStream),
  }));
  // What another exporter committed first is what counts.
  return waiting
    .map(({ file }) => committed?.segments.find((segment) => segment.file === file))
    .filter((segment) => segment !== undefined);
}

async function markLoaded(warehouse: Warehouse, name: string, loaded: readonly Segment[]): Promise<void> {
  if (loaded.length === 0) return;
  const files = new Set(loaded.map(({ file }) => file));
  await changeManifest(warehouse, async (manifest) => ({
    ...manifest,
    segments: manifest.segments.map((segment) => (files.has(segment.file) ? { ...segment, loadedTo: name } : segment)),
  }));
}
