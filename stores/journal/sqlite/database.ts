import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { openAccount } from '../sql/accounts.ts';
import { appendAudit } from '../sql/audit.ts';
import {
  type Database,
  type Market,
  outboxRows,
  type Row,
  type Sql,
  type Transaction,
  type Value,
} from '../sql/database.ts';
import { journalSchema, missingMigrations, type Schema } from '../sql/migrations.ts';
import { sqliteDialect } from '../sql/schema/dialect.ts';

/** How long a transaction waits for another process's. */
const BUSY_MS = 5_000;

/** One connection with its prepared statements. Every call ends before its promise is returned. */
class Connection implements Sql {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string, readOnly: boolean) {
    this.#database = new DatabaseSync(file, { readOnly, timeout: BUSY_MS });
    if (readOnly) return;
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    // From here on waiting for the write lock is our own, in steps of a millisecond: SQLite's grow to a tenth of a second.
    this.#database.exec('PRAGMA busy_timeout = 0;');
  }

  async row(sql: string, ...values: Value[]): Promise<Row | undefined> {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  async rows(sql: string, ...values: Value[]): Promise<Row[]> {
    return this.#statement(sql).all(...values) as Row[];
  }

  async run(sql: string, ...values: Value[]): Promise<number> {
    return Number(this.#statement(sql).run(...values).changes);
  }

  execute(sql: string): void {
    this.#database.exec(sql);
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * One SQLite file shared by the processes of one machine. Every transaction begins immediate, since a deferred one fails at once when
 * another process writes between its read and its write: it locks everything, so that no finer lock is needed. A commit is on disk when its
 * promise resolves (synchronous=FULL).
 */
export async function openSqliteDatabase(
  file: string,
  market: Market,
  now: () => number = Date.now,
  schema: Schema = journalSchema,
): Promise<Database> {
  try {
    return await open(file, market, now, schema);
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (isLocked(error)) throw lockedTooLong(schema, file);
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      'JournalUnusable',
      `The ${schema.name} ${file} cannot be used: ${reason}. Restore it from a backup, or move it away to start with an empty one.`,
      ExitCode.unhealthy,
    );
  }
}

async function open(file: string, { mode, venue }: Market, now: () => number, schema: Schema): Promise<Database> {
  const writer = new Connection(file, false);
  let queue: Promise<unknown> = Promise.resolve();

  /** One after the other: what awaits inside of a transaction must not let another one in. */
  const transaction = <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> => {
    const result = queue.then(async () => {
      await begin(writer).catch((error: unknown) => {
        throw isBusy(error) ? lockedTooLong(schema, file) : error;
      });
      try {
        const value = await work(inside);
        writer.execute('COMMIT');
        return value;
      } catch (error) {
        // A commit that failed for want of disk may have rolled back by itself.
        if (writer.inTransaction) writer.execute('ROLLBACK');
        throw error;
      }
    });
    // Heartbeats and the other processes get their turn between two of a long queue.
    queue = result.catch(() => undefined).then(() => nextTurn());
    return result;
  };

  const inside: Transaction = {
    now,
    clock: async () => now(),
    row: (sql, ...values) => writer.row(sql, ...values),
    rows: (sql, ...values) => writer.rows(sql, ...values),
    run: (sql, ...values) => writer.run(sql, ...values),
    async emit(...events) {
      const at = now();
      const rows = outboxRows(events, mode, at);
      for (const [index, event] of events.entries()) {
        const told = await writer.run(
          `INSERT INTO outbox (event_id, kind, at, mode, cycle_id, correlation_id, payload) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (event_id) DO NOTHING`,
          ...(rows[index] ?? []),
        );
        if (told > 0) await appendAudit(writer, event, { mode, at });
      }
    },
  };

  await migrate(writer, transaction, now, schema);
  // Reads see what is committed, never what a transaction of ours is about to roll back.
  const reader = new Connection(file, true);
  return {
    mode,
    now,
    clock: async () => now(),
    row: (sql, ...values) => reader.row(sql, ...values),
    rows: (sql, ...values) => reader.rows(sql, ...values),
    run: (sql, ...values) => transaction((one) => one.run(sql, ...values)),
    transaction: (account, { ledger }, work) =>
      transaction(async (one) => {
        if (ledger) await one.run(...openAccount(account, venue));
        return work(one);
      }),
    // The schema alone decides: by statistics of young books, whose tables have three rows, SQLite reads all of a table that has millions by now.
    takeStatistics: async () => {},
    close: async () => {
      await queue;
      reader.close();
      writer.close();
    },
  };
}

async function begin(connection: Connection): Promise<void> {
  const deadline = performance.now() + BUSY_MS;
  for (;;) {
    try {
      connection.execute('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await sleep(1);
    }
  }
}

function lockedTooLong({ name }: Schema, file: string): UserError {
  return new UserError(
    'JournalBusy',
    `The ${name} ${file} is locked: another process has held it for longer than ${BUSY_MS / 1_000} s. Nothing is wrong with it: try again, or end that process.`,
    ExitCode.unhealthy,
  );
}

/** SQLITE_BUSY: another process holds what this one waits for. */
const isBusy = (error: unknown): boolean => primaryCode(error) === 5;

/** The same, or SQLITE_LOCKED, by another connection of ours: either ends by itself. */
const isLocked = (error: unknown): boolean => isBusy(error) || primaryCode(error) === 6;

function primaryCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}

async function migrate(
  connection: Connection,
  transaction: <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>,
  now: () => number,
  schema: Schema,
): Promise<void> {
  await transaction(async (one) => {
    connection.execute(
      'CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT',
    );
    for (const { version, sql } of await missingMigrations(one, schema)) {
      connection.execute(sql(sqliteDialect));
      await one.run('INSERT INTO migrations (version, applied_at) VALUES (?, ?)', version, now());
    }
    await refuseOtherMachine(one);
  });
}

/** A file on a shared volume looks the same to two machines, and its locks hold on neither. */
async function refuseOtherMachine(transaction: Transaction): Promise<void> {
  const here = machineId();
  await transaction.run("INSERT INTO meta (name, value) VALUES ('machine', ?) ON CONFLICT (name) DO NOTHING", here);
  const made = await transaction.row("SELECT value FROM meta WHERE name = 'machine'");
  if (made?.['value'] !== here) {
    throw new UserError(
      'JournalOfAnotherMachine',
      'The journal belongs to another machine: keep books that several machines share in PostgreSQL (SAPPHIRE_JOURNAL_URL).',
      ExitCode.unhealthy,
    );
  }
}

function machineId(): string {
  const file = '/etc/machine-id';
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : hostname();
}
