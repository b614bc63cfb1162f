import { join } from 'node:path';
import { UserError } from '../../contracts/errors.ts';
import type { Mode } from '../../domain/market/market.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import type { DuckDbLimits } from './duckdb/database.ts';
import type { Manifest } from './port.ts';
import { diskFiles, type SegmentFiles } from './segments/files.ts';
import { commitManifest, emptyManifest, readManifest } from './segments/manifest.ts';

/** Where segments and manifests are, and whose events they hold. */
export interface Warehouse {
  folder: string;
  mode: Mode;
  /** Id of the journal. */
  journal: string;
  files: SegmentFiles;
  limits: DuckDbLimits;
  now(): number;
}

/** Paper and live never share a folder. */
export function warehouseFolder(mode: Mode): string {
  return join(dataFolder(), 'warehouse', mode);
}

export function openWarehouse({
  limits,
  ...of
}: Pick<Warehouse, 'mode' | 'journal'> &
  Partial<Omit<Warehouse, 'limits'>> & { limits?: Partial<DuckDbLimits> }): Warehouse {
  const folder = of.folder ?? warehouseFolder(of.mode);
  return {
    files: diskFiles,
    limits: { threads: 2, memoryMb: 1_024, spillFolder: join(folder, '.spill'), ...limits },
    now: Date.now,
    ...of,
    folder,
  };
}

/** The newest manifest, or the empty one that the first export begins with. Refuses a folder that holds another journal's events. */
export async function currentManifest({ folder, mode, journal }: Warehouse): Promise<Manifest> {
  const manifest = (await readManifest(folder)) ?? emptyManifest(mode, journal);
  if (manifest.mode !== mode || manifest.journal !== journal) {
    throw new UserError(
      'WarehouseOfOtherBooks',
      `The warehouse in ${folder} holds the events of other books (${manifest.mode}, journal ${manifest.journal}; these are ${mode}, ${journal}). Name another folder in SAPPHIRE_DATA, or move the warehouse away.`,
    );
  }
  return manifest;
}

/** Tries of a change that others' commits come before. */
const TRIES = 5;

/**
 * Reads the manifest, has it changed, and commits the change; begins anew when another commit came first. `change` may do work that is lost then:
 * it must leave nothing but files that no manifest names. Undefined: there is nothing to change.
 */
export async function changeManifest(
  warehouse: Warehouse,
  change: (
    manifest: Manifest,
  ) => Promise<Pick<Manifest, 'cursors' | 'segments' | 'retired' | 'gaps' | 'expired'> | undefined>,
): Promise<Manifest | undefined> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const manifest = await currentManifest(warehouse);
    const changed = await change(manifest);
    if (!changed) return undefined;
    const next: Manifest = {
      ...manifest,
      ...changed,
      number: manifest.number + 1,
      committedAt: warehouse.now(),
    };
    if (await commitManifest(warehouse.folder, next, warehouse.files)) return next;
  }
  throw new Error(`other commits to the warehouse came first ${TRIES} times`);
}
