import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, renameSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
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

/**
 * What is written is safe 400 ms later than the disk says: the kernel holds each process up at its entry.
 *
 * @throws Error where strace is missing, or may not look into a process
 */
async function slowed(pids: readonly number[]): Promise<() => void> {
  const inject = '--inject=fsync,fdatasync:delay_enter=400ms';
  const strace = spawn('strace', ['-qq', '-o', '/dev/null', inject, ...pids.map((pid) => `--attach=${pid}`)]);
  let words = '';
  strace.stderr.on('data', (data: Buffer) => (words += data.toString()));
  const ended = once(strace, 'exit').catch((error: unknown) => (words += String(error)));
  await Promise.race([sleep(2_000), ended]);
  if (strace.exitCode !== null || strace.pid === undefined)
    throw new Error(`no disk can be slowed here: ${words.trim()}`);
  return () => strace.kill('SIGINT');
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

/** Nothing is done where nothing can be written. */
const undone = /^Trading(ControlSilent|CyclesStalled|HighErrorRate|ReconciliationStale|MarketDataStale)$/;

export const storeFaults: readonly Fault[] = [
  until(
    {
      name: 'another process locks the journal',
      kind: 'the journal is locked',
      tells: /^health$|^process\/|^cycle\/main$|^TradingSystemDown$|^TradingHealthLookStale$|^schedule\//,
      pages: undone,
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
      name: 'the disk is slow (400 ms until what was written is safe)',
      kind: 'the disk is slow',
      tells: /journal/i,
      pages: /^Trading(HighLatency|SystemDown)$/,
    },
    90_000,
    (stack) => slowed(stack.processes().flatMap(({ name, pid }) => (/^(workers|mcp)/.test(name) ? [pid] : []))),
  ),
  until(
    {
      name: 'another program fills the disk',
      kind: 'the disk is full',
      pages: undone,
      tells: /^disk$|^process\/|^TradingResourceExhaustion$|^TradingSystemDown$|^TradingHealthLookStale$|^cycle\/main$/,
    },
    20_000,
    ({ folder, ownDisk }) => {
      if (!ownDisk) throw new Error('no disk of its own could be mounted');
      return fill(folder);
    },
  ),
];
