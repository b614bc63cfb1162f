import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';

/** Readable by its owner only, and either the old text or the new after a crash. */
export function writePrivateFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.new`;
  const handle = openSync(temporary, 'w', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
}

/** Whoever was killed while it held a lock, for some milliseconds, holds up the next for no longer than this. */
const STALE_LOCK_MS = 3_000;
const RETRY_MS = 5;

/** What reads a private file and writes it by what it read: processes that do so at the same moment do it one after the other. */
export function exclusively<T>(file: string, work: () => T): T {
  const lock = `${file}.lock`;
  makeFolder(dirname(file), 0o700);
  while (!isTaken(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isTaken(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const madeAt = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    if (madeAt !== undefined && Math.abs(Date.now() - madeAt) > STALE_LOCK_MS) rmSync(lock, { force: true });
    return false;
  }
}

/** 192 random bits that a private file keeps, in hexadecimal; made where there is none. Whoever removes the file gets others. */
export function keptSecret(file: string): string {
  if (!existsSync(file)) {
    exclusively(file, () => {
      if (!existsSync(file)) writePrivateFile(file, randomBytes(24).toString('hex'));
    });
  }
  return readFileSync(file, 'utf8').trim();
}
