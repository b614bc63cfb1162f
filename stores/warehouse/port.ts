import type { DataClass, EventSource, Row, TableName } from '../../contracts/warehouse/tables.ts';
import type { Mode } from '../../domain/market/market.ts';

/** An immutable Parquet file with rows of one table, of a range of events of one source. Several tables have segments of the same range. */
export interface Segment {
  table: TableName;
  /** Relative to the warehouse's folder: `TABLE/SOURCE-FROM-TO-HASH.parquet`, the hash being the first 12 digits of its SHA-256. */
  file: string;
  source: EventSource;
  /** First and last sequence that it covers, both included. */
  from: number;
  to: number;
  rows: number;
  bytes: number;
  sha256: string;
  /** Least and greatest `event_at` of its rows, UTC epoch milliseconds. */
  minAt: number;
  maxAt: number;
  /** Cloud dataset that it was first to be loaded into, and when. From then on its file stays what it is until it is there: a load goes by its name. */
  offered?: { to: string; at: number } | undefined;
  /** Cloud dataset that has it. */
  loadedTo?: string | undefined;
  /** Stream by which it goes there, where it does not go by a load job. Kept before the first row is sent. */
  stream?: string | undefined;
}

/** What the warehouse holds. Whoever reads it reads the files that it names, and no other. */
export interface Manifest {
  version: 1;
  /** Grows by one with each commit. */
  number: number;
  mode: Mode;
  /** Id of the journal whose events these are. */
  journal: string;
  committedAt: number;
  /** Last sequence of each source that is in the segments. */
  cursors: Record<EventSource, number>;
  segments: Segment[];
  /** Files that no reader begins with any more, and since when: deleted once the last that may have can be done. */
  retired: { file: string; at: number }[];
  /** What a person let it go on without; missing where nothing is. */
  gaps?: Gap[] | undefined;
  /** By class of data, when what was deleted as too old ends, UTC epoch milliseconds; missing where nothing was. */
  expired?: Partial<Record<DataClass, number>> | undefined;
}

/** Events that were deleted from their buffer before this warehouse had them. */
export interface Gap {
  source: EventSource;
  /** First and last sequence, both included. */
  from: number;
  to: number;
  /** What is missing was told after the first and before the second: UTC epoch milliseconds; null where nothing older, or younger, is known. */
  since: number | null;
  until: number | null;
}

/** Rows of a range of events of one source, by their table, and what all of them share. */
export interface Batch {
  source: EventSource;
  mode: Mode;
  /** UTC epoch milliseconds. */
  ingestedAt: number;
  rows: Partial<Record<TableName, Row[]>>;
}

/** A warehouse elsewhere that takes the same segments. */
export interface CloudWarehouse {
  /** Project and dataset. */
  readonly name: string;
  /** Makes what is missing: dataset, tables, columns that were added, views, access policies, expiration. Idempotent; says what it did. */
  migrate(): Promise<string[]>;
  /**
   * Has the segment's rows in its table when it resolves. Idempotent by the segment's file name: a load that was submitted before, by whomever, is
   * waited for and not repeated; one that failed is tried again under another id. A segment with a stream goes by that, idempotent by its name.
   *
   * @param path of the file
   */
  load(segment: Segment, path: string): Promise<void>;
  /** Whether its rows go by streams, and not by load jobs. */
  streams(table: TableName): boolean;
  /** Streams for tables that do not go by load jobs; undefined for those that do. */
  streamOf(table: TableName): Promise<string> | undefined;
}
