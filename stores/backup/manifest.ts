import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Binding } from '../../contracts/binding.ts';
import { UserError } from '../../contracts/errors.ts';
import { PACKED } from './packed.ts';
import { type BackupFile, readPlain } from './plain-files.ts';

export const MANIFEST = 'backup.json';
/** Some hundred thousand segments. */
const MAX_MANIFEST_BYTES = 64_000_000;

/** Below the backup's own folder by its form alone: no name begins with a dot, none is absolute, and nothing else separates names. */
const innerPath = z
  .string()
  .regex(/^\w[\w.-]*(\/\w[\w.-]*)*$/, 'must be a path inside the backup, of letters, digits and ._- alone');

const fileSchema: z.ZodType<BackupFile> = z.strictObject({
  path: innerPath,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal'),
  bytes: z.int().nonnegative(),
  contentBytes: z.int().nonnegative().optional(),
});

const bindingSchema: z.ZodType<Binding> = z.strictObject({
  account: z.string(),
  venue: z.string(),
  market: z.string(),
  fingerprint: z.string(),
  boundAt: z.int(),
});

const fieldsSchema = z.strictObject({
  version: z.literal([1, 2]),
  mode: z.enum(['paper', 'live']),
  journal: z.string(),
  /** To which account they are bound; earlier releases did not say. */
  binding: bindingSchema.optional(),
  engine: z.enum(['sqlite', 'postgres']),
  madeAt: z.int(),
  /** By the schedule: deleted after a while. By a person: never. */
  scheduled: z.boolean(),
  /** What the warehouse that was copied had not got, and the books had no more; missing where nothing is. */
  lacking: z.array(z.string()).optional(),
  files: z.array(fileSchema),
});
export type BackupManifest = z.output<typeof fieldsSchema>;

/** What each kind of books is restored from, by the version of the manifest: earlier releases did not pack, and had a market buffer always. */
const booksOf = {
  1: { sqlite: ['journal.db', 'market-buffer.db'], postgres: ['books.dump'] },
  2: { sqlite: [`journal.db${PACKED}`], postgres: ['books.dump'] },
} as const;
const MARKET = `market-buffer.db${PACKED}`;

const namesOf = ({ version, engine }: Pick<BackupManifest, 'version' | 'engine'>): readonly string[] =>
  version === 2 && engine === 'sqlite' ? [...booksOf[2].sqlite, MARKET] : booksOf[version][engine];

/** The part of a backup that is books, not warehouse: what it takes as it is, and unpacked. */
export function booksIn({ version, engine, files }: BackupManifest): { bytes: number; contentBytes: number } {
  const names = namesOf({ version, engine });
  const books = files.filter(({ path }) => names.includes(path));
  return {
    bytes: books.reduce((total, { bytes }) => total + bytes, 0),
    contentBytes: books.reduce((total, { bytes, contentBytes = bytes }) => total + contentBytes, 0),
  };
}

const manifestSchema = fieldsSchema.superRefine(({ version, engine, files }, context) => {
  const issue = (message: string) => context.addIssue({ code: 'custom', path: ['files'], message });
  const names = new Set(files.map(({ path }) => path));
  if (names.size < files.length) issue('names a file twice');
  const known = namesOf({ version, engine });
  for (const book of booksOf[version][engine]) if (!names.has(book)) issue(`leaves out ${book}`);
  const strange = files.find(({ path }) => !known.includes(path) && !path.startsWith('warehouse/'));
  if (strange) issue(`names ${strange.path}, which belongs to no backup of books in ${engine}`);
  const isPacked = (path: string) => known.includes(path) && path.endsWith(PACKED);
  const unclear = files.find(({ path, contentBytes }) => isPacked(path) !== (contentBytes !== undefined));
  if (unclear) issue(`says of ${unclear.path} neither that it is packed nor that it is not`);
});

/** @throws UserError NoSuchBackup */
export function refuseNoBackup(folder: string): void {
  if (existsSync(folder)) return;
  throw new UserError('NoSuchBackup', `There is no backup ${folder}: see "./sapphire backup list".`);
}

export function unusable(folder: string, reason: string): UserError {
  return new UserError(
    'BackupUnusable',
    `${folder} is no whole backup: ${reason}. Choose another: "./sapphire backup list".`,
  );
}

/** @returns the manifest, and the bytes that it was read from */
export async function readBackup(folder: string): Promise<{ manifest: BackupManifest; content: Buffer }> {
  const read = await readPlain(folder, MANIFEST, MAX_MANIFEST_BYTES);
  if ('fault' in read) throw unusable(folder, read.fault);
  return { manifest: parse(folder, read.content), content: read.content };
}

function parse(folder: string, content: Buffer): BackupManifest {
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8'));
  } catch (error) {
    throw unusable(
      folder,
      `${join(folder, MANIFEST)} is no JSON: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
  const { data, error } = manifestSchema.safeParse(json);
  if (data) return data;
  const [first] = error.issues;
  throw unusable(folder, `${MANIFEST} cannot be taken: ${first?.path.join('.') ?? ''} ${first?.message ?? ''}`);
}
