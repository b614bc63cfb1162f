import type { Mode } from '../../../domain/market/market.ts';

/** One entry of the audit trail: who changed what and why. Its hash covers the entry and, by `previous`, all before it. */
export interface AuditEntry {
  /** From 1, without a gap. */
  place: number;
  eventId: string;
  kind: string;
  at: number;
  mode: Mode;
  by: string;
  reason: string;
  /** By what it came in; a part of the payload. */
  via: string;
  /** As text, exactly as it was hashed. */
  payload: string;
  previous: string;
  hash: string;
}

export interface AuditBook {
  after(place: number, limit: number): Promise<AuditEntry[]>;
  /** Of the newest entry; 0 before the first. */
  lastPlace(): Promise<number>;
  /**
   * Reads the whole trail, and holds against it what it tells of: control, limits, policy, participation. `entries` are those before the first
   * fault; `head` is the hash of the last of them; `differences` are in words, e.g. `liveEnabled of trading of main is true, and ...`.
   */
  verify(): Promise<{ entries: number; head: string; fault: string | undefined; differences: string[] }>;
}
