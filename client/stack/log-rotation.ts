import {
  appendFileSync,
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface RotationLimits {
  bytes: number;
  ageMs: number;
  /** Old files of each process, beside the one that is written. */
  files: number;
  keptMs: number;
  /** Between two rotations of a log: a flood must not wash away what was logged before it. */
  pauseMs: number;
}

const DAY_MS = 86_400_000;
export const rotationLimits: RotationLimits = {
  bytes: 20 * 1024 * 1024,
  ageMs: DAY_MS,
  files: 5,
  keptMs: 14 * DAY_MS,
  pauseMs: 10_000,
};
/** A log is looked at before the fastest writer could bring it to one and a half times its limit. */
const FASTEST_BYTES_PER_MS = 400_000;
const MOST = 1.5;
const SHORTEST_LOOK_MS = 10;
const LONGEST_LOOK_MS = 75;
/** Between two looks for new logs, for the age of all, and for what was kept for long enough. */
const FOLDER_LOOK_MS = 1_000;
const LINE_BYTES = 64 * 1024;
const CHUNK_BYTES = 1024 * 1024;
/** What comes while a log is copied is copied after it in one go, with the cut: a line that is written within those microseconds can be lost. More than this is a flood. */
const TAIL_BYTES = 1024 * 1024;

interface Log {
  file: string;
  size: number;
  isBusy: boolean;
  /** When it was moved last, or that failed; UTC epoch milliseconds. */
  triedAt: number;
  /** So much of it stays until it is moved: set while it is above its limit. */
  full: number | undefined;
  dropped: number;
}

export interface LogKeeper {
  /** Looks once at every log. @returns after what it began */
  look(now?: number): Promise<void>;
  stop(): void;
}

/**
 * Moves the content of logs that are too large or too old to `<log>.1`, the older ones up by one, and deletes what is beyond the limits.
 *
 * The processes write to the file itself. Libraries that rotate (rotating-file-stream, pino-roll, file-stream-rotator) want their lines through a pipe
 * into this thread: tried so, a process stood for as long as its supervisor did (3 s of 3 s), and lost its last lines and its output with the
 * supervisor's death; by the file it did neither. So the file is copied, off this thread, and cut off; what is written beyond the limit while it
 * cannot be moved is cut off again and again, and one line says how many bytes that were. `npm run bench -- log-rotation` has the figures.
 */
export function keepLogs(
  folder: string,
  onFault: (error: unknown) => void,
  limits: RotationLimits = rotationLimits,
): LogKeeper {
  const logs = new Map<string, Log>();
  let isStopped = false;
  let folderAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  const look = async (now = Date.now()): Promise<void> => {
    const work: Promise<void>[] = [];
    if (Math.abs(now - folderAt) >= FOLDER_LOOK_MS) {
      folderAt = now;
      work.push(...lookAtFolder(folder, logs, limits, now));
    }
    for (const log of logs.values()) {
      log.size = sizeOf(log.file);
      if (log.size > limits.bytes) work.push(bound(log, limits, now));
    }
    await Promise.all(work.map((one) => one.catch(onFault)));
  };
  const again = (): void => {
    if (isStopped) return;
    try {
      void look();
    } catch (error) {
      onFault(error);
    }
    timer = setTimeout(again, nextLookMs([...logs.values()], limits)).unref();
  };
  timer = setTimeout(again, 0).unref();
  return {
    look,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

function nextLookMs(logs: readonly Log[], { bytes }: RotationLimits): number {
  if (logs.some(({ full }) => full !== undefined)) return SHORTEST_LOOK_MS;
  const leftMs = (bytes * MOST - Math.max(0, ...logs.map(({ size }) => size))) / FASTEST_BYTES_PER_MS;
  return Math.min(LONGEST_LOOK_MS, Math.max(SHORTEST_LOOK_MS, leftMs));
}

function lookAtFolder(folder: string, logs: Map<string, Log>, limits: RotationLimits, now: number): Promise<void>[] {
  const work: Promise<void>[] = [];
  for (const name of namesIn(folder)) {
    const file = join(folder, name);
    if (/\.log\.\d+$/.test(name) && timesOf(file).mtimeMs < now - limits.keptMs) work.push(rm(file, { force: true }));
    if (!name.endsWith('.log')) continue;
    let log = logs.get(name);
    if (!log) {
      log = { file, size: 0, isBusy: false, triedAt: Number.NEGATIVE_INFINITY, full: undefined, dropped: 0 };
      logs.set(name, log);
    }
    const { size, birthtimeMs } = timesOf(file);
    const startedAt = timesOf(`${file}.1`, birthtimeMs).mtimeMs;
    if (size > 0 && startedAt < now - limits.ageMs && isDue(log, limits, now)) work.push(rotate(log, limits, now));
  }
  return work;
}

/** One above its limit: it is moved where that is due, and else what came since it was seen first is cut off. */
async function bound(log: Log, limits: RotationLimits, now: number): Promise<void> {
  if (isDue(log, limits, now)) {
    await rotate(log, limits, now);
    return;
  }
  log.full ??= endOfLine(log.file, log.size);
  if (log.size <= log.full + TAIL_BYTES) return;
  log.dropped += log.size - log.full;
  truncateSync(log.file, log.full);
}

function isDue({ isBusy, triedAt }: Log, { pauseMs }: RotationLimits, now: number): boolean {
  return !isBusy && Math.abs(now - triedAt) >= pauseMs;
}

async function rotate(log: Log, { files }: RotationLimits, now: number): Promise<void> {
  const { file } = log;
  const copy = `${file}.copy`;
  log.isBusy = true;
  log.triedAt = now;
  try {
    const full = (log.full ??= endOfLine(file, sizeOf(file)));
    // Before an older one gives its place: on a full disk each vain copy would wash one away.
    await pipeline(
      createReadStream(file, { end: full - 1, highWaterMark: CHUNK_BYTES }),
      createWriteStream(copy, { mode: 0o600 }),
    );
    const tail = piece(file, full, full + TAIL_BYTES);
    appendFileSync(copy, tail);
    rmSync(`${file}.${files}`, { force: true });
    for (let place = files - 1; place >= 1; place -= 1)
      if (existsSync(`${file}.${place}`)) renameSync(`${file}.${place}`, `${file}.${place + 1}`);
    renameSync(copy, `${file}.1`);
    const lost = log.dropped + Math.max(0, sizeOf(file) - full - tail.length);
    truncateSync(file, 0);
    log.full = undefined;
    log.dropped = 0;
    if (lost > 0) appendFileSync(file, droppedLine(lost));
  } catch (error) {
    await rm(copy, { force: true });
    throw error;
  } finally {
    log.isBusy = false;
  }
}

function droppedLine(bytes: number): string {
  const time = new Date().toISOString();
  const msg = 'more was logged than is kept: at least so many bytes were dropped';
  return `${JSON.stringify({ level: 'warn', time, process: 'supervisor', droppedBytes: bytes, msg })}\n`;
}

/** Where the last whole line ends. */
function endOfLine(file: string, size: number): number {
  const from = Math.max(0, size - LINE_BYTES);
  const end = piece(file, from, size).lastIndexOf('\n');
  return end === -1 ? size : from + end + 1;
}

function piece(file: string, from: number, to: number): Buffer {
  const handle = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(to - from);
    return buffer.subarray(0, readSync(handle, buffer, 0, buffer.length, from));
  } finally {
    closeSync(handle);
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function timesOf(
  file: string,
  otherwise = Number.POSITIVE_INFINITY,
): { size: number; mtimeMs: number; birthtimeMs: number } {
  return statSync(file, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: otherwise, birthtimeMs: otherwise };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
