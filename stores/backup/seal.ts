import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../contracts/errors.ts';
import { diskFiles } from '../warehouse/segments/files.ts';
import { readPlain } from './plain-files.ts';

/**
 * A backup's hashes say that it is whole, not who made it: whoever can write its folder can write a manifest. The seal is keyed with what lies in
 * the data folder, where the one who can merely reach the backups' disk cannot read it.
 */
const SEAL = 'backup.seal';
const MAX_SEAL_BYTES = 1_000;

/** Whether this installation made a backup; `no key` where none is there to tell it by, as on a new machine. */
export type Origin = 'sealed' | 'not sealed' | 'no key';

async function readKey(file: string): Promise<Buffer | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (/^[0-9a-f]{64}\s*$/.test(text)) return Buffer.from(text.trim(), 'hex');
  throw new UserError(
    'BackupKeyUnusable',
    `${file} holds no key of 64 hexadecimal digits. Put its copy back, or remove it: backups from before then need --unsealed.`,
  );
}

const sealOf = (key: Buffer, manifest: Buffer | string): string =>
  createHmac('sha256', key).update(manifest).digest('hex');

/** Seals the manifest in `folder`, by the key in `file`, which is made at the first time. */
export async function sealBackup(folder: string, manifest: string, file: string): Promise<void> {
  if (!(await readKey(file))) await diskFiles.createExclusive(file, `${randomBytes(32).toString('hex')}\n`);
  const key = await readKey(file);
  if (!key) throw new Error(`${file} was removed while a backup was sealed`);
  await writeFile(join(folder, SEAL), `${sealOf(key, manifest)}\n`, { flush: true, mode: 0o600 });
}

export async function originOf(folder: string, manifest: Buffer, file: string): Promise<Origin> {
  const key = await readKey(file);
  if (!key) return 'no key';
  const read = await readPlain(folder, SEAL, MAX_SEAL_BYTES);
  if ('fault' in read) return 'not sealed';
  const found = Buffer.from(read.content.toString('utf8').trim());
  const expected = Buffer.from(sealOf(key, manifest));
  return found.length === expected.length && timingSafeEqual(found, expected) ? 'sealed' : 'not sealed';
}
