import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';

/**
 * Moves the write-ahead log into the database from a thread of its own, when the log has grown large: a checkpoint waits for the disk,
 * and in the exchange's thread every order would wait with it. The passive ones do the bulk without stopping the writer; the last one
 * stops it for the few pages that came meanwhile, and starts the log anew. Each such stop costs a few tens of milliseconds, which is why
 * they are rare.
 */
const EVERY_MS = 500;
const LARGE_LOG_BYTES = 128 * 1_048_576;

const file = String(workerData);
const database = new DatabaseSync(file);
database.exec('PRAGMA busy_timeout = 100; PRAGMA synchronous = NORMAL');

setInterval(() => {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) < LARGE_LOG_BYTES) return;
  for (const mode of ['PASSIVE', 'PASSIVE', 'TRUNCATE']) database.exec(`PRAGMA wal_checkpoint(${mode})`);
}, EVERY_MS);
