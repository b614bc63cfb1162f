import { closeSync, openSync, renameSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { journalFile } from '../../../stores/journal/open.ts';
import { warehouseFolder } from '../../../stores/warehouse/warehouse.ts';
import { type Fault, LASTS_MS, until } from './fault.ts';

function locked(file: string): () => void {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec('BEGIN EXCLUSIVE');
  return () => {
    database.exec('ROLLBACK');
    database.close();
  };
}

/** Writes until nothing is left. */
function fill(folder: string): () => void {
  const file = join(folder, 'of-another-program');
  const handle = openSync(file, 'w');
  const block = Buffer.alloc(16 * 1024 * 1024);
  try {
    for (;;) writeSync(handle, block);
  } catch {
    const { bavail, bsize } = statfsSync(folder);
    try {
      writeSync(handle, Buffer.alloc(bavail * bsize));
    } catch {
      // Full to the last block.
    }
  }
  closeSync(handle);
  return () => rmSync(file, { force: true });
}

export const storeFaults: readonly Fault[] = [
  until(
    {
      name: 'another process locks the journal',
      kind: 'the journal is locked',
      tells: /^health$|^process\/|^cycle\/main$|^TradingSystemDown$|^TradingHealthLookStale$|^schedule\//,
    },
    30_000,
    () => locked(journalFile()),
  ),
  until(
    {
      name: 'another process locks the market buffer',
      kind: 'the market buffer is locked',
      tells: /^MarketRowsLost$|^outbox$|^cycle\/main$/,
    },
    40_000,
    ({ data }) => locked(join(data, 'market-buffer.db')),
  ),
  until(
    { name: 'the warehouse is away', kind: 'the warehouse is away', tells: /^outbox$|^WarehouseExportLagging$/ },
    LASTS_MS,
    () => {
      const folder = warehouseFolder('paper');
      renameSync(folder, `${folder}.away`);
      writeFileSync(folder, 'away');
      return () => {
        rmSync(folder);
        renameSync(`${folder}.away`, folder);
      };
    },
  ),
  until(
    {
      name: 'another program fills the disk',
      kind: 'the disk is full',
      tells: /^disk$|^process\/|^TradingResourceExhaustion$|^TradingSystemDown$|^TradingHealthLookStale$|^cycle\/main$/,
    },
    20_000,
    ({ folder, ownDisk }) => {
      if (!ownDisk) throw new Error('no disk of its own could be mounted');
      return fill(folder);
    },
  ),
];
