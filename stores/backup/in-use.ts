import { lstatSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { UserError } from '../../contracts/errors.ts';
import { SCHEMA_LOCK } from '../journal/postgres/upgrade.ts';
import { usersOf } from '../journal/sqlite/users.ts';
import type { Places } from './places.ts';

/** Of a database's upgrade, which a starting process holds for a moment. */
const LOCK_WAIT = '10s';
const LOCK_TIMED_OUT = '55P03';
const LOOKS = 5;
const BETWEEN_LOOKS_MS = 200;
/** The file is no database, or a damaged one: what a restore is for. */
const SQLITE_DAMAGED = [11, 26];
const SQLITE_BUSY = 5;

/**
 * Holds the books against everybody else, on whatever machine, while `work` puts others in their place. Refuses while anybody has them open, and says
 * who: what runs keeps a connection for as long as it lives, which the system or the server takes from it however it dies.
 */
export function whileNobodyUses<T>(books: Places['books'], work: () => Promise<T>): Promise<T> {
  return books.engine === 'postgres'
    ? holdingServer(books.url, work)
    : holdingFiles([books.journal, books.market], work);
}

async function holdingServer<T>(url: string, work: () => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    // Whoever starts from here on waits with its upgrade until this session ends: it sees the restored books, never the others.
    await client.query(`SET lock_timeout = '${LOCK_WAIT}'`);
    await client.query('SELECT pg_advisory_lock($1)', [SCHEMA_LOCK]).catch((error: unknown) => {
      if (error instanceof DatabaseError && error.code === LOCK_TIMED_OUT)
        throw stillRunning('another process upgrades them, or restores a backup', '');
      throw error;
    });
    const [first, ...others] = await sessionsThatStay(client);
    if (first) {
      const since = first.since === null ? '' : ` since ${first.since.toISOString()}`;
      const more = others.length === 0 ? '' : `, and ${others.length} more sessions`;
      throw stillRunning(
        `"${first.name}" from ${first.address}${since}${more}`,
        ` Of one whose machine is gone the server finds out in time; at once by SELECT pg_terminate_backend(${first.pid}).`,
      );
    }
    return await work();
  } finally {
    await client.end();
  }
}

/** The server shows a session for moments after its program has closed it. */
async function sessionsThatStay(client: Client): Promise<Session[]> {
  for (let looks = 1; ; looks += 1) {
    const { rows } = await client.query<Session>(
      `SELECT pid, coalesce(nullif(application_name, ''), 'a program without a name') AS name,
              coalesce(host(client_addr), 'the server''s own machine') AS address, backend_start AS since
       FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
         AND (usename = current_user OR application_name LIKE 'sapphire %')
       ORDER BY backend_start, pid`,
    );
    if (rows.length === 0 || looks === LOOKS) return rows;
    await sleep(BETWEEN_LOOKS_MS);
  }
}

interface Session {
  pid: number;
  name: string;
  address: string;
  /** Hidden from who may not see it. */
  since: Date | null;
}

/** Locks of the kernel: whatever has the file open holds one, in another container of this machine as well. */
async function holdingFiles<T>(files: string[], work: () => Promise<T>): Promise<T> {
  const held: DatabaseSync[] = [];
  try {
    for (const file of files) if (lstatSync(file, { throwIfNoEntry: false })?.isFile()) lock(file, held);
    return await work();
  } finally {
    for (const database of held) database.close();
  }
}

function lock(file: string, held: DatabaseSync[]): void {
  const database = new DatabaseSync(file);
  held.push(database);
  try {
    // To leave the write-ahead log SQLite must be alone: each connection to a file that has one shares it for as long as it is open.
    database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE;');
  } catch (error) {
    const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
    if (code !== undefined && SQLITE_DAMAGED.includes(code)) return;
    if (code !== SQLITE_BUSY) throw error;
    const users = usersOf(file);
    throw stillRunning(
      users.length === 0 ? `a process has ${file} open` : `${file} is open in ${users.join(', ')}`,
      '',
    );
  }
}

function stillRunning(who: string, more: string): UserError {
  return new UserError(
    'StillRunning',
    `These books are in use: ${who}. Stop Sapphire wherever it runs on them (Ctrl-C where it was started), then try again.${more}`,
  );
}
