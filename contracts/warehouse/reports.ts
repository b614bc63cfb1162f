/** What one export did. */
export interface ExportReport {
  events: number;
  rows: number;
  segments: number;
  bytes: number;
}

/** What went to the cloud warehouse. */
export interface LoadReport {
  loaded: number;
  rows: number;
  /** Project and dataset; empty where there is none. */
  to: string;
}

/** What one round of retention deleted. */
export interface HousekeepingReport {
  /** Rows by table of the warehouse. */
  expired: Record<string, number>;
  /** Events of the journal's outbox and of the market buffer. */
  outbox: number;
  market: number;
  /** Raw answers of language models and guests' signals in the journal. */
  answers: number;
  files: number;
  /** Cycles that were written to the warehouse whole, and those that have left the journal; missing in results of earlier releases. */
  stored?: number;
  moved?: number;
}

/** A regular report that was written. */
export interface WrittenReport {
  period: 'daily' | 'weekly' | 'monthly';
  file: string;
  from: number;
  to: number;
}

/** A backup that was made, and how many older ones were deleted, with what old restores moved aside. */
export interface MadeBackup {
  folder: string;
  bytes: number;
  expired: number;
}
