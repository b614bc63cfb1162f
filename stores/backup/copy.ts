import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { copyFile, link, mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { UserError } from '../../contracts/errors.ts';
import { syncPath } from '../warehouse/segments/files.ts';
import { meter, sizeText, type Tell, whileTelling } from './meter.ts';

const run = promisify(execFile);
/** Pages of one step, between two of which writers have their turn. */
const PAGES = 500;

/**
 * A consistent copy of a SQLite file that others write meanwhile: of one moment, which a transaction holds. Without it SQLite begins anew whenever
 * another process has written between two steps, and comes to no end in books that are busy.
 */
export async function copySqlite(from: string, to: string, tell: Tell): Promise<void> {
  if (!existsSync(from)) {
    throw new UserError(
      'NothingToBackUp',
      `There is no ${from}: it is made at the first start ("npm start"). Is SAPPHIRE_DATA the folder that is meant?`,
    );
  }
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const source = new DatabaseSync(from, { readOnly: true });
  try {
    source.exec('BEGIN');
    const { bytes } = source
      .prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
      .get() as { bytes: number };
    const told = meter(tell, `Copying ${basename(from)}`, bytes);
    await backup(source, to, {
      rate: PAGES,
      progress: ({ totalPages, remainingPages }) => told(bytes * (1 - remainingPages / totalPages)),
    });
  } finally {
    source.close();
  }
  await syncPath(to);
}

/** A file that never changes: shared with the original where both are on one disk. */
export async function copyImmutable(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
    await syncPath(to);
  }
}

/** Of a moment, as it stands in names: 20261122T023000Z. */
export function stampOf(at: number): string {
  return new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

const SCHEMAS = ['--schema=public', '--schema=market_buffer'];

/** Journal and market buffer of a PostgreSQL database, as of one moment. */
export async function dumpPostgres(url: string, to: string, tell: Tell): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const written = () => statSync(to, { throwIfNoEntry: false })?.size ?? 0;
  await whileTelling(
    tell,
    () => `pg_dump has written ${sizeText(written())}`,
    () => postgresTool('pg_dump', url, ['--format=custom', '--no-owner', ...SCHEMAS, '--file', to]),
  );
  await syncPath(to);
}

/** Puts them in the place of what the database holds. */
export async function restorePostgres(url: string, from: string, tell: Tell): Promise<void> {
  const startedAt = performance.now();
  const options = ['--clean', '--if-exists', '--no-owner', '--single-transaction', '--exit-on-error'];
  await whileTelling(
    tell,
    () => `pg_restore has worked for ${Math.round((performance.now() - startedAt) / 1_000)} s`,
    () => postgresTool('pg_restore', url, [...options, from]),
  );
}

/** The password goes by the environment: arguments are there for everyone to read. */
async function postgresTool(tool: string, url: string, args: string[]): Promise<void> {
  const address = new URL(url);
  const password = decodeURIComponent(address.password);
  address.password = '';
  try {
    await run(tool, [`--dbname=${address.href}`, ...args], { env: { ...process.env, PGPASSWORD: password } });
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const reason = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new UserError(
      'PostgresToolFailed',
      missing
        ? `${tool} is not on the PATH. Install PostgreSQL's client programs (Debian: postgresql-client), of the server's version or newer.`
        : `${tool} failed: ${reason}`,
    );
  }
}
