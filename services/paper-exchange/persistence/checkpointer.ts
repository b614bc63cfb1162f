import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * Moves the write-ahead log into the database from a thread of its own: a checkpoint waits for the disk, and in the exchange's thread
 * every order would wait with it. A passive checkpoint never stops the writer, but under steady load it never catches up with it either:
 * it reports when it has done the bulk of a large log, and the writer itself does the few pages that are left, so that the log begins anew.
 */
const EVERY_MS = 4_000;
const LARGE_LOG_BYTES = 64 * 1_048_576;

const file = String(workerData);
const database = new DatabaseSync(file);
database.exec('PRAGMA busy_timeout = 100; PRAGMA synchronous = NORMAL');
const passive = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');

setInterval(() => {
  passive.get();
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) < LARGE_LOG_BYTES) return;
  passive.get();
  parentPort?.postMessage('nearly done');
}, EVERY_MS);
