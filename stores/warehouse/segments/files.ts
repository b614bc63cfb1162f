import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

/**
 * The steps by which a file becomes part of the warehouse. Each is one call, so that a test can end the process, or fill the disk, at each of
 * them.
 */
export interface SegmentFiles {
  /** Its bytes are on the disk itself when it resolves. */
  sync(path: string): Promise<void>;
  /** The name is on the disk itself, too. */
  rename(from: string, to: string): Promise<void>;
  /** Writes a new file, whole or not at all; false when there is one of that name already. */
  createExclusive(path: string, content: string): Promise<boolean>;
}

/** Has a file's bytes, or a folder's names, on the disk itself. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export const diskFiles: SegmentFiles = {
  sync: syncPath,
  async rename(from, to) {
    await rename(from, to);
    await syncPath(dirname(to));
  },
  async createExclusive(path, content) {
    const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
    try {
      await writeFile(draft, content, { flush: true, mode: 0o600 });
      // A rename would take the place of another process's commit; a link is refused.
      await link(draft, path);
      await syncPath(dirname(path));
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  },
};

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
