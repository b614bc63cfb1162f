import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export interface RotationLimits {
  bytes: number;
  ageMs: number;
  /** Old files of each process, beside the one that is written. */
  files: number;
  keptMs: number;
}

const DAY_MS = 86_400_000;
export const rotationLimits: RotationLimits = { bytes: 20 * 1024 * 1024, ageMs: DAY_MS, files: 5, keptMs: 14 * DAY_MS };
const CHUNK_BYTES = 1024 * 1024;

/**
 * Moves the content of logs that are too large or too old to `<log>.1`, the older ones up by one, and deletes what is beyond the limits. The
 * processes go on writing to the file that they hold: the last piece is copied and cut off in one go, so that only a line written within those
 * microseconds can be lost.
 */
export function rotateLogs(folder: string, limits: RotationLimits = rotationLimits, now: number = Date.now()): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (/\.log\.\d+$/.test(name) && statSync(file).mtimeMs < now - limits.keptMs) rmSync(file, { force: true });
    if (name.endsWith('.log') && isDue(file, limits, now)) rotate(file, limits.files);
  }
}

function isDue(file: string, { bytes, ageMs }: RotationLimits, now: number): boolean {
  const { size, birthtimeMs } = statSync(file);
  const newest = `${file}.1`;
  const startedAt = existsSync(newest) ? statSync(newest).mtimeMs : birthtimeMs;
  return size > bytes || (size > 0 && startedAt < now - ageMs);
}

function rotate(file: string, files: number): void {
  rmSync(`${file}.${files}`, { force: true });
  for (let place = files - 1; place >= 1; place -= 1) {
    if (existsSync(`${file}.${place}`)) renameSync(`${file}.${place}`, `${file}.${place + 1}`);
  }
  const from = openSync(file, 'r+');
  const to = openSync(`${file}.1`, 'w', 0o600);
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    let copied = 0;
    for (;;) {
      const read = readSync(from, buffer, 0, buffer.length, copied);
      if (read === 0 && fstatSync(from).size === copied) break;
      writeSync(to, buffer, 0, read);
      copied += read;
    }
    ftruncateSync(from, 0);
  } finally {
    closeSync(from);
    closeSync(to);
  }
}
