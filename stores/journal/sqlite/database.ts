import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UserError } from '../../../contracts/errors.ts';
import { metrics } from '../../../runtime/telemetry/metrics.ts';
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
import { journalSchema, type Schema } from '../sql/migrations.ts';
import { BUSY_MS, begin, isBusy, isFull, isLocked, lockedTooLong } from './locks.ts';
import { openUpgraded } from './upgrade.ts';

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
    const remedy = isFull(error)
      ? 'Make room on its disk, then try again: nothing of it is lost.'
      : 'Restore it from a backup, or move it away to start with an empty one.';
    throw new UserError('JournalUnusable', `The ${schema.name} ${file} cannot be used: ${reason}. ${remedy}`);
  }
}

async function open(file: string, { mode, venue }: Market, now: () => number, schema: Schema): Promise<Database> {
  const writer = await openUpgraded(() => new Connection(file, false), file, schema, now);
  let queue: Promise<unknown> = Promise.resolve();

  /** One after the other: what awaits inside of a transaction must not let another one in. */
  const transaction = <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> => {
    const stop = metrics.journalTransactions.startTimer({ store: schema.name });
    const result = queue.then(async () => {
      await begin(writer).catch((error: unknown) => {
        throw isBusy(error) ? lockedTooLong(schema, file) : error;
      });
      try {
        const value = await work(inside);
        writer.execute('COMMIT');
        stop();
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
