import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import type { Mode } from '../../../domain/market.ts';
import { migrations } from './migrations.ts';

export type Row = Record<string, string | number | null>;

export interface NewEvent {
  eventId: string;
  kind: string;
  cycleId?: string | undefined;
  correlationId?: string | undefined;
  payload: unknown;
}

/**
 * One SQLite file shared by the processes of one machine. Every transaction begins immediate, since a deferred one fails at once when
 * another process writes between its read and its write. A commit is on disk when `transaction` returns (synchronous=FULL).
 */
export class SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #mode: Mode;
  readonly now: () => number;

  constructor(file: string, mode: Mode, now: () => number = Date.now) {
    this.#mode = mode;
    this.now = now;
    try {
      this.#database = new DatabaseSync(file);
      this.#database.exec(
        'PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;',
      );
      this.#migrate();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(
        'JournalUnusable',
        `The journal ${file} cannot be used: ${reason}. Restore it from a backup, or move it away to start with empty books.`,
        ExitCode.unhealthy,
      );
    }
  }

  #migrate(): void {
    this.#database.exec(
      'CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT',
    );
    this.transaction(() => {
      const applied = Number(this.row('SELECT coalesce(max(version), 0) AS version FROM migrations')?.['version'] ?? 0);
      const newest = migrations.at(-1)?.version ?? 0;
      if (applied > newest) {
        throw new Error(`it was written by a newer release (schema ${applied}, this one knows ${newest})`);
      }
      for (const { version, sql } of migrations) {
        if (version <= applied) continue;
        this.#database.exec(sql);
        this.run('INSERT INTO migrations (version, applied_at) VALUES (?, ?)', version, this.now());
      }
    });
  }

  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  rows(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Returns the number of rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  /** Appends to the outbox, in the transaction of the fact that it records. */
  emit(event: NewEvent): void {
    this.run(
      `INSERT INTO outbox (event_id, kind, at, mode, cycle_id, correlation_id, payload) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (event_id) DO NOTHING`,
      event.eventId,
      event.kind,
      this.now(),
      this.#mode,
      event.cycleId ?? null,
      event.correlationId ?? null,
      JSON.stringify(event.payload),
    );
  }

  check(): void {
    this.transaction(() => this.row('SELECT 1'));
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
