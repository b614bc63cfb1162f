import { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';

/**
 * Moves the write-ahead log into the database from a thread of its own: a checkpoint waits for the disk, and in the exchange's thread
 * every order would wait with it. A passive checkpoint never blocks the writer.
 */
const EVERY_MS = 1_000;

const database = new DatabaseSync(String(workerData));
database.exec('PRAGMA busy_timeout = 1000; PRAGMA synchronous = NORMAL');
setInterval(() => database.exec('PRAGMA wal_checkpoint(PASSIVE)'), EVERY_MS);
