import { join } from 'node:path';
import type { LoadReport } from '../../contracts/warehouse/reports.ts';
import type { CloudWarehouse, Segment } from './port.ts';
import { changeManifest, currentManifest, type Warehouse } from './warehouse.ts';

/** Segments of one commit: what a crash between load and commit has asked for again, which changes nothing. */
const BATCH = 20;

/**
 * Has every segment in the cloud warehouse. A load is idempotent by the segment's name, and the mark that it is done comes after it: whatever
 * interrupts this, no segment is left out and none is there twice.
 */
export async function loadSegments(
  warehouse: Warehouse,
  cloud: CloudWarehouse,
  signal?: AbortSignal,
): Promise<LoadReport> {
  const report: LoadReport = { loaded: 0, rows: 0, to: cloud.name };
  for (;;) {
    const { segments } = await currentManifest(warehouse);
    const waiting = segments.filter(({ loadedTo }) => loadedTo !== cloud.name).slice(0, BATCH);
    if (waiting.length === 0) return report;
    const loaded: Segment[] = [];
    try {
      for (const segment of waiting) {
        signal?.throwIfAborted();
        await cloud.load(segment, join(warehouse.folder, segment.file));
        loaded.push(segment);
      }
    } finally {
      await markLoaded(warehouse, cloud.name, loaded);
    }
    report.loaded += loaded.length;
    report.rows += loaded.reduce((total, { rows }) => total + rows, 0);
  }
}

async function markLoaded(warehouse: Warehouse, name: string, loaded: readonly Segment[]): Promise<void> {
  if (loaded.length === 0) return;
  const files = new Set(loaded.map(({ file }) => file));
  await changeManifest(warehouse, async (manifest) => ({
    ...manifest,
    segments: manifest.segments.map((segment) => (files.has(segment.file) ? { ...segment, loadedTo: name } : segment)),
  }));
}
