import { stat, statfs } from 'node:fs/promises';
import { Client } from 'pg';
import { UserError } from '../../contracts/errors.ts';
import { readManifest } from '../warehouse/segments/manifest.ts';
import { type BackupManifest, booksIn } from './manifest.ts';
import { sizeText } from './meter.ts';
import type { Places } from './places.ts';

/** Left to whoever else writes on the disk: the books among them, where it is theirs. */
const LEFT_BYTES = 100_000_000;
/** Of what the former backup's books came to: books grow. */
const GROWTH = 1.25;
const SQLITE_FULL = 13;

/** @param work in words that follow "has no room for" */
export async function refuseWithoutRoom(folder: string, work: string, needs: number, remedy: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needs + LEFT_BYTES) return;
  throw noRoom(
    `${folder} has no room for ${work}: it needs ${sizeText(needs)}, and ${sizeText(LEFT_BYTES)} are to be left for what else is written; ${sizeText(free)} are free. ${remedy}`,
  );
}

export const noRoom = (message: string): UserError => new UserError('NoRoom', message);

/** The look before is no promise: others write as well. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === 'ENOSPC') return true;
  return 'errcode' in error && Number(error.errcode) === SQLITE_FULL;
}

/**
 * What a backup takes at most while it is made, in bytes: SQLite's unpacked copy of the larger file, the packed books, and the warehouse unless it
 * can be shared.
 *
 * @param former tells how well these books pack; without one they are taken for not to pack at all
 */
export async function bytesNeeded(
  { books, warehouse }: Places,
  draft: string,
  former: BackupManifest | undefined,
): Promise<number> {
  const unpacked =
    books.engine === 'sqlite'
      ? await Promise.all([books.market, books.journal].map(withLog))
      : [await tableBytes(books.url)];
  const most = unpacked.reduce((total, bytes) => total + bytes, 0);
  const packed = former?.engine === books.engine ? Math.min(most, booksIn(former).bytes * GROWTH) : most;
  const copy = books.engine === 'sqlite' ? Math.max(...unpacked) : 0;
  return copy + packed + (await segmentBytes(warehouse, draft));
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => undefined))?.size ?? 0;
const withLog = async (file: string): Promise<number> => (await sizeOf(file)) + (await sizeOf(`${file}-wal`));

async function segmentBytes(warehouse: string, draft: string): Promise<number> {
  const manifest = await readManifest(warehouse);
  if (!manifest || (await stat(warehouse)).dev === (await stat(draft)).dev) return 0;
  return manifest.segments.reduce((total, { bytes }) => total + bytes, 0);
}

/** Indexes are made anew by a restore, and are in no dump. */
export async function tableBytes(url: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ bytes: string }>(
      `SELECT coalesce(sum(pg_table_size(c.oid)), 0) AS bytes FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname IN ('public', 'market_buffer') AND c.relkind = 'r'`,
    );
    return Number(rows[0]?.bytes ?? 0);
  } finally {
    await client.end();
  }
}
