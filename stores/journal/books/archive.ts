import type { CycleOutcome } from '../../../contracts/cycle.ts';
import type { CycleId } from '../../../domain/orders/ids.ts';

/** Newest cycles of an account that stay whole, however old they are: as many as anything looks back at. */
export const KEPT_CYCLES = 1_000;

/** All that the books hold of a cycle beside its orders, as texts, exactly as they are kept. */
export interface WholeCycle {
  cycleId: CycleId;
  account: string;
  outcome: CycleOutcome;
  /** UTC epoch milliseconds. */
  finishedAt: number;
  /** The decision record, JSON. */
  record: string;
  /** The consensus, JSON; null where none was formed. */
  consensus: string | null;
  /** The plan, JSON, and how it ended; null where none was made. */
  plan: string | null;
  planEnd: string | null;
  /** JSON: a list of its signals, each with what came of it. */
  signals: string;
}

export interface KeptAfter {
  finishedAt: number;
  cycleId: CycleId;
}

export interface MovedCycle {
  cycleId: CycleId;
  account: string;
  outcome: CycleOutcome;
  finishedAt: number;
  movedAt: number;
}

/** The bulk of old cycles, on its way to the warehouse. Orders, fills, ledger and audit trail never move. */
export interface ArchiveBook {
  accounts(): Promise<string[]>;
  /**
   * Whole cycles that finished before `before`, oldest first: all over, which is to say that the plan has its end and each signal its outcome, and none of
   * the newest KEPT_CYCLES.
   *
   * @param after the last of those that were seen before
   */
  old(account: string, before: number, limit: number, after?: KeptAfter): Promise<WholeCycle[]>;
  /**
   * Takes records, consensus, plans and signals of these out of the books, in one short transaction, and tells so. Whoever calls has read every one of them
   * elsewhere. What is out already stays so.
   *
   * @param to where they are from now on, for the audit trail
   * @returns how many those were
   */
  release(cycleIds: readonly CycleId[], to: string): Promise<number>;
  /** A cycle whose record is out; undefined for one that never was, and for one whose record is here. */
  moved(cycleId: CycleId): Promise<MovedCycle | undefined>;
  /** When the youngest of those whose record is out finished, UTC epoch milliseconds; undefined while all are here. Reads all of them. */
  movedUntil(): Promise<number | undefined>;
}
