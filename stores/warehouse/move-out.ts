import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ArchiveBook, KeptAfter, WholeCycle } from '../journal/books/archive.ts';
import { readStored, type StoredCycle, storeCycles } from './decisions.ts';
import type { Feed } from './feeds.ts';
import { currentManifest, type Warehouse } from './warehouse.ts';

/** Cycles of one segment at most. */
const BATCH = 1_000;
/** Texts of one segment, in characters: DuckDB holds them several times over. A cycle of fifty symbols has a quarter of a million. */
const BATCH_TEXT = 16 * 1024 * 1024;
/** Cycles that are read at once. */
const PAGE = 50;
/** Cycles that one transaction takes out of the journal: nobody waits long for its lock. */
const AT_ONCE = 50;
/**
 * A cycle has lain in the warehouse for so long before it leaves the journal: a backup copies the warehouse first and the journal last, and has each in one of
 * both as long as it takes less.
 */
const SETTLED_MS = 6 * 3_600_000;
/** A round ends by then; what is left is the next round's. */
const ROUND_MS = 15 * 60_000;

export type MovedFrom = Pick<ArchiveBook, 'accounts' | 'old' | 'release'>;

interface MoveTools {
  archive: MovedFrom;
  warehouse: Warehouse;
  feeds: readonly Feed[];
}

/** Cycles that were written to the warehouse, and those that left the journal. */
export const nothingMoved = { stored: 0, moved: 0 };

/**
 * Moves what is old of the journal's decisions to the warehouse: written there in one round, and out of the journal in a later one, after each was read back from
 * files whose hashes are right. May be interrupted anywhere, and be done by several at once: no cycle is ever in neither, and each is in the warehouse once.
 *
 * @param given cycles that ended before it are old: UTC epoch milliseconds
 */
export async function moveOut(
  { archive, warehouse, feeds }: MoveTools,
  given: number,
  { signal }: { signal?: AbortSignal } = {},
): Promise<typeof nothingMoved> {
  const report = { ...nothingMoved };
  const before = Math.min(given, await exportedUntil(warehouse, feeds));
  const startedAt = performance.now();
  const sound = new Set<string>();
  for (const account of await archive.accounts()) {
    for await (const cycles of batches(archive, account, before)) {
      signal?.throwIfAborted();
      if (performance.now() - startedAt >= ROUND_MS) break;
      report.moved += await releaseProven(archive, warehouse, cycles, sound);
      report.stored += await storeCycles(warehouse, cycles, sound);
    }
  }
  return report;
}

/** What is old of an account, oldest first, as much at once as makes a segment. */
async function* batches(archive: MovedFrom, account: string, before: number): AsyncGenerator<WholeCycle[]> {
  let [batch, text]: [WholeCycle[], number] = [[], 0];
  let after: KeptAfter | undefined;
  for (;;) {
    const page = await archive.old(account, before, PAGE, after);
    after = page.at(-1);
    if (!after) break;
    for (const cycle of page) {
      const more = textOf(cycle);
      if (batch.length === BATCH || (batch.length > 0 && text + more > BATCH_TEXT)) {
        yield batch;
        [batch, text] = [[], 0];
      }
      batch.push(cycle);
      text += more;
    }
  }
  if (batch.length > 0) yield batch;
}

function textOf({ record, consensus, plan, planEnd, signals }: WholeCycle): number {
  return [record, consensus, plan, planEnd, signals].reduce((total, each) => total + (each?.length ?? 0), 0);
}

/**
 * Since when the journal still has what is old of its decisions, UTC epoch milliseconds; undefined where it has none. From then on the warehouse keeps
 * what it has of them: a record that expired before its row could leave would be stored again, day after day.
 */
export async function unmovedSince(archive: MovedFrom, before: number): Promise<number | undefined> {
  const ends: number[] = [];
  for (const account of await archive.accounts()) {
    const [first] = await archive.old(account, before, 1);
    if (first) ends.push(first.finishedAt);
  }
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** A warehouse that stands behind its books, or ahead of them, gets nothing that the books then have no more. */
async function exportedUntil(warehouse: Warehouse, feeds: readonly Feed[]): Promise<number> {
  const { cursors } = await currentManifest(warehouse);
  const waiting: number[] = [];
  for (const { source, trimmedThrough, lastSequence, oldestAfter } of feeds) {
    if (source !== 'journal') continue;
    const [trimmed, last] = await Promise.all([trimmedThrough(), lastSequence()]);
    if (trimmed > cursors[source] || last < cursors[source]) return 0;
    waiting.push((await oldestAfter(cursors[source])) ?? Number.POSITIVE_INFINITY);
  }
  return Math.min(...waiting);
}

/** Of each the very same texts must be there, for long enough. */
async function releaseProven(
  archive: MovedFrom,
  warehouse: Warehouse,
  cycles: readonly WholeCycle[],
  sound: Set<string>,
): Promise<number> {
  const there = await readStored(warehouse, cycles, sound);
  const settled = warehouse.now() - SETTLED_MS;
  const proven = cycles.filter((cycle) => {
    const stored = there.get(cycle.cycleId);
    if (!stored) return false;
    if (!isSame(cycle, stored))
      throw new Error(`the warehouse has another record of ${cycle.cycleId} than the journal`);
    return stored.storedAt <= settled;
  });
  let moved = 0;
  for (let start = 0; start < proven.length; start += AT_ONCE) {
    const ids = proven.slice(start, start + AT_ONCE).map(({ cycleId }) => cycleId);
    moved += await archive.release(ids, `the warehouse in ${warehouse.folder}`);
    await nextTurn();
  }
  return moved;
}

const kept = ['account', 'outcome', 'finishedAt', 'record', 'consensus', 'plan', 'planEnd', 'signals'] as const;

function isSame(cycle: WholeCycle, stored: StoredCycle): boolean {
  return kept.every((key) => cycle[key] === stored[key]);
}
