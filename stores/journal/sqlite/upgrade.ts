import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../../contracts/errors.ts';
import type { Sql } from '../sql/database.ts';
import { type Migration, missingMigrations, type Schema } from '../sql/migrations.ts';
import { sqliteDialect } from '../sql/schema/dialect.ts';
import {
  isFresh,
  LARGE_BYTES,
  SOON_MS,
  say,
  stillRunning,
  UPGRADE_WAIT_MS,
  upgradeText,
  whoStays,
} from '../sql/upgrade.ts';
import { begin, isBusy, lockedTooLong } from './locks.ts';
import { usersOf } from './users.ts';

/** Of the file, for the new indexes and the log of one step. Measured: 2 % and less of a journal of 300,000 orders. */
const ROOM_SHARE = 0.1;
const AGAIN_MS = 100;

export interface Writer extends Sql {
  execute(sql: string): void;
  readonly inTransaction: boolean;
  close(): void;
}

/**
 * Opens a file, brought to the newest schema. An empty one is made in one transaction; books of an earlier release are upgraded step by step, each in a
 * transaction of its own, so that an upgrade that is cut off, however, is gone on with by whoever opens them next.
 *
 * @throws UserError JournalTooNew, JournalOfAnotherMachine, StillRunning, NoRoom; JournalBusy while another process's upgrade does not end
 */
export async function openUpgraded<W extends Writer>(
  connect: () => W,
  file: string,
  schema: Schema,
  now: () => number,
): Promise<W> {
  const upgrade = new Upgrade(file, schema, now);
  for (;;) {
    const writer = connect();
    try {
      if (await upgrade.ends(writer)) return writer;
    } catch (error) {
      writer.close();
      throw error;
    }
    // Closed, so that the other process sees nobody who may be of the release that wrote the books.
    writer.close();
    await sleep(AGAIN_MS);
  }
}

class Upgrade {
  readonly #file: string;
  readonly #schema: Schema;
  readonly #now: () => number;
  readonly #startedAt = performance.now();
  #what: string | undefined;
  #hasTold = false;

  constructor(file: string, schema: Schema, now: () => number) {
    this.#file = file;
    this.#schema = schema;
    this.#now = now;
  }

  /** Takes what steps are left; false where another process is at it. */
  async ends(writer: Writer): Promise<boolean> {
    const table = await writer.row("SELECT 1 FROM sqlite_master WHERE name = 'migrations'");
    const missing = table && (await missingMigrations(writer, this.#schema));
    if (missing === undefined || missing.length === 0 || isFresh(this.#schema, missing)) {
      await this.#makeOrFind(writer);
      return true;
    }
    this.#what ??= upgradeText(this.#schema, missing);
    const isLarge = statSync(this.#file).size > LARGE_BYTES;
    if (isLarge) refuseWithoutRoom(this.#file, this.#what);
    for (;;) {
      try {
        await begin(writer, 0);
      } catch (error) {
        if (!isBusy(error)) throw error;
        this.#waits();
        return false;
      }
      if ((await within(writer, () => this.#step(writer, isLarge))) === 0) return true;
    }
  }

  async #makeOrFind(writer: Writer): Promise<void> {
    await begin(writer).catch((error: unknown) => {
      throw isBusy(error) ? lockedTooLong(this.#schema, this.#file) : error;
    });
    await within(writer, async () => {
      writer.execute(
        'CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT',
      );
      for (const step of await missingMigrations(writer, this.#schema)) await this.#take(writer, step);
      await refuseOtherMachine(writer);
    });
  }

  /** Returns how many are left. */
  async #step(writer: Writer, isLarge: boolean): Promise<number> {
    await refuseOtherMachine(writer);
    const missing = await missingMigrations(writer, this.#schema);
    const [next] = missing;
    if (!next) return 0;
    if (missing.some(({ alone }) => alone)) await refuseOthers(this.#file, this.#what ?? '');
    if (isLarge) say(`Upgrading ${this.#what}, step ${next.version} …`);
    await this.#take(writer, next);
    return missing.length - 1;
  }

  async #take(writer: Writer, { version, sql }: Migration): Promise<void> {
    writer.execute(sql(sqliteDialect));
    await writer.run('INSERT INTO migrations (version, applied_at) VALUES (?, ?)', version, this.#now());
  }

  #waits(): void {
    const waitedMs = performance.now() - this.#startedAt;
    if (waitedMs > UPGRADE_WAIT_MS) throw lockedTooLong(this.#schema, this.#file, UPGRADE_WAIT_MS);
    if (this.#hasTold || waitedMs < SOON_MS) return;
    this.#hasTold = true;
    say(`Another process holds the books, and most likely upgrades ${this.#what}: waiting for it.`);
  }
}

async function within<T>(writer: Writer, work: () => Promise<T>): Promise<T> {
  try {
    const value = await work();
    writer.execute('COMMIT');
    return value;
  } catch (error) {
    // A commit that failed for want of disk may have rolled back by itself.
    if (writer.inTransaction) writer.execute('ROLLBACK');
    throw error;
  }
}

/** An earlier release that runs on would write what does not fit any more. */
async function refuseOthers(file: string, what: string): Promise<void> {
  const users = await whoStays(async () => usersOf(file));
  if (users.length > 0) throw stillRunning(what, users.join(', '));
}

function refuseWithoutRoom(file: string, what: string): void {
  const { bavail, bsize } = statfsSync(dirname(file));
  const [free, needs] = [bavail * bsize, statSync(file).size * ROOM_SHARE];
  if (free >= needs) return;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  throw new UserError(
    'NoRoom',
    `The disk of ${file} has no room to upgrade ${what}: ${megabytes(needs)} are needed, ${megabytes(free)} are free. Make room, then start again.`,
  );
}

/** A file on a shared volume looks the same to two machines, and its locks hold on neither. */
async function refuseOtherMachine(sql: Sql): Promise<void> {
  const here = machineId();
  await sql.run("INSERT INTO meta (name, value) VALUES ('machine', ?) ON CONFLICT (name) DO NOTHING", here);
  const made = await sql.row("SELECT value FROM meta WHERE name = 'machine'");
  if (made?.['value'] !== here) {
    throw new UserError(
      'JournalOfAnotherMachine',
      'The journal belongs to another machine: keep books that several machines share in PostgreSQL (SAPPHIRE_JOURNAL_URL).',
    );
  }
}

function machineId(): string {
  const file = '/etc/machine-id';
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : hostname();
}
