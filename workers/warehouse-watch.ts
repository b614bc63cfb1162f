import type { Configuration } from '../contracts/config/schema.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import { metrics } from '../runtime/telemetry/metrics.ts';
import type { DuckDbLimits } from '../stores/warehouse/duckdb/database.ts';
import type { Feed } from '../stores/warehouse/feeds.ts';
import type { CloudWarehouse } from '../stores/warehouse/port.ts';
import { currentManifest, type Warehouse } from '../stores/warehouse/warehouse.ts';

const INTERVAL_MS = 5_000;

/** An export shares the machine with fills, stops and everything else. */
export const BESIDE_TRADING: Pick<DuckDbLimits, 'threads' | 'memoryMb'> = { threads: 1, memoryMb: 256 };

/** Its client takes its time to load: only where one is configured. */
export async function cloudWarehouse({
  mode,
  retention,
  warehouse: { bigquery },
}: Pick<Configuration, 'mode' | 'retention' | 'warehouse'>): Promise<CloudWarehouse | undefined> {
  if (!bigquery) return undefined;
  const { openBigQueryWarehouse } = await import('../stores/warehouse/bigquery/warehouse.ts');
  return openBigQueryWarehouse(bigquery, { mode, retention });
}

/** Age of the oldest event of any feed that is not in the warehouse yet; 0 where all are. */
export async function exportLagMs(warehouse: Warehouse, feeds: readonly Feed[]): Promise<number> {
  const { cursors } = await currentManifest(warehouse);
  const oldest = await Promise.all(feeds.map((feed) => feed.oldestAfter(cursors[feed.source])));
  const now = warehouse.now();
  return Math.max(0, ...oldest.flatMap((at) => (at === undefined ? [] : [now - at])));
}

/** Keeps the gauges of the warehouse, also while no export comes through. Returns a function that ends it. */
export function watchWarehouse(warehouse: Warehouse, feeds: readonly Feed[], logger: Logger): () => void {
  const look = async (): Promise<void> => {
    const { cursors, segments } = await currentManifest(warehouse);
    metrics.warehouseWaiting.set(segments.filter(({ loadedTo }) => loadedTo === undefined).length);
    for (const feed of feeds) {
      const oldest = await feed.oldestAfter(cursors[feed.source]);
      const lagMs = oldest === undefined ? 0 : Math.max(0, warehouse.now() - oldest);
      metrics.warehouseLag.set({ source: feed.source }, lagMs / 1_000);
    }
  };
  const run = (): void =>
    void look().catch((error: unknown) => logger.warn({ error }, 'the warehouse could not be read for metrics'));
  run();
  const timer = setInterval(run, INTERVAL_MS);
  return () => clearInterval(timer);
}
