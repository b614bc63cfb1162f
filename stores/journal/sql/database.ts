import type { Mode } from '../../../domain/market/market.ts';
import type { NewEvent } from '../books/outbox.ts';

export type Value = string | number | null;
export type Row = Record<string, Value>;

/** SQL that both adapters understand, with `?` for each value. */
export interface Sql {
  row(sql: string, ...values: Value[]): Promise<Row | undefined>;
  rows(sql: string, ...values: Value[]): Promise<Row[]>;
  /** Returns the number of rows changed. */
  run(sql: string, ...values: Value[]): Promise<number>;
}

/** What the books are of: play or real money, and the venue at which an account is that is opened in them. */
export interface Market {
  mode: Mode;
  venue: string;
}

/** Locks are taken in the order of this type, so that no two transactions wait for each other. */
export interface Locks {
  /** `read`: a halt waits for this transaction, and this one for a halt under way. `write`: the halt itself. */
  control?: 'read' | 'write';
  /** Everything that changes the account's ledger comes one after the other. */
  ledger?: boolean;
}

export interface Transaction extends Sql {
  now(): number;
  /** The database's own clock where it has one, by which leases of several machines are held; else as `now`. */
  clock(): Promise<number>;
  /** Appends to the outbox with the commit of the fact that it records. */
  emit(...events: NewEvent[]): Promise<void>;
}

/** Outside of a transaction reads see what is committed. */
export interface Database extends Sql {
  readonly mode: Mode;
  now(): number;
  clock(): Promise<number>;
  /** Durable when its promise resolves; rolled back when `work` rejects. */
  transaction<T>(account: string, locks: Locks, work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Takes anew what the database knows of its tables' sizes, where it chooses by them how a statement finds its rows. */
  takeStatistics(): Promise<void>;
  close(): Promise<void>;
}

/** Rows of one statement, and the statement's values in the same order. */
export function outboxRows(events: readonly NewEvent[], mode: Mode, at: number): Value[][] {
  return events.map((event) => [
    event.eventId,
    event.kind,
    at,
    mode,
    event.cycleId ?? null,
    event.correlationId ?? null,
    JSON.stringify(event.payload),
  ]);
}
