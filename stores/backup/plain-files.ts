import { createHash } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { meter, passing, type Tell } from './meter.ts';
import { isDamage, unpacking } from './packed.ts';

/** One file of a backup, below its folder. */
export interface BackupFile {
  path: string;
  /** In hexadecimal. */
  sha256: string;
  bytes: number;
  /** Of what it unpacks to, where it is packed. */
  contentBytes?: number | undefined;
}

/** No link is followed, and opening a pipe does not wait for its other end. */
const READ_PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What is wrong with a file of a backup, in words that follow "is no whole backup:". */
type Fault = { fault: string };

/** Opens a file below `folder`, if it and each folder on the way to it is just that, and no link. */
async function openPlain(folder: string, path: string): Promise<{ handle: FileHandle } | Fault> {
  const names = path.split('/');
  for (const depth of names.keys()) {
    const step = names.slice(0, depth + 1).join('/');
    const found = await lstat(join(folder, step)).catch(() => undefined);
    if (!found) return { fault: `${path} is missing` };
    if (found.isSymbolicLink()) return { fault: `${step} is a link, and a backup has none` };
    const last = depth === names.length - 1;
    if (last ? !found.isFile() : !found.isDirectory())
      return { fault: `${step} is no ${last ? 'plain file' : 'folder'}` };
  }
  const handle = await open(join(folder, path), READ_PLAIN).catch(() => undefined);
  if (!handle) return { fault: `${path} cannot be opened` };
  if ((await handle.stat()).isFile()) return { handle };
  await handle.close();
  return { fault: `${path} is no plain file` };
}

export async function readPlain(folder: string, path: string, maxBytes: number): Promise<{ content: Buffer } | Fault> {
  const opened = await openPlain(folder, path);
  if ('fault' in opened) return opened;
  try {
    const { size } = await opened.handle.stat();
    if (size > maxBytes) return { fault: `${path} has ${size} bytes, more than ${maxBytes}` };
    return { content: await opened.handle.readFile() };
  } finally {
    await opened.handle.close();
  }
}

/**
 * Copies a file of a backup to a new one, unpacked, and holds the bytes that it copies against the manifest: between a check and a copy apart the
 * file could be changed. Where there is a fault the copy is not to be used.
 */
export async function copyChecked(
  folder: string,
  { path, sha256, bytes, contentBytes }: BackupFile,
  to: string,
  tell: Tell,
): Promise<Fault | undefined> {
  const opened = await openPlain(folder, path);
  if ('fault' in opened) return opened;
  const changed = { fault: `${path} was changed` };
  try {
    if ((await opened.handle.stat()).size !== bytes) return changed;
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    const hash = createHash('sha256');
    const told = meter(tell, `Checking ${path}`, bytes);
    const hashed = passing((chunk, done) => {
      hash.update(chunk);
      told(done);
    });
    // One byte more than the manifest says, which shows in the hash, however much is added meanwhile.
    const source = opened.handle.createReadStream({ autoClose: false, start: 0, end: bytes, highWaterMark: 1 << 18 });
    const unpacked = contentBytes === undefined ? [] : unpacking(contentBytes);
    const target = createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline([source, hashed, ...unpacked, target]);
    return hash.digest('hex') === sha256 ? undefined : changed;
  } catch (error) {
    if (isDamage(error)) return changed;
    throw error;
  } finally {
    await opened.handle.close();
  }
}
