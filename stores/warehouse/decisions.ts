import { join } from 'node:path';
import type { CycleOutcome } from '../../contracts/cycle.ts';
import { tables } from '../../contracts/warehouse/tables.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { WholeCycle } from '../journal/books/archive.ts';
import { emptySelect } from './duckdb/columns.ts';
import { loadRows, quoted, withDuckDb } from './duckdb/database.ts';
import type { Segment } from './port.ts';
import { refuseDamaged, unreadable } from './segments/sound.ts';
import { writeSegment } from './segments/write.ts';
import { changeManifest, currentManifest, type Warehouse } from './warehouse.ts';

const TABLE = 'decision_records';

/** As it stands in the warehouse. */
export interface StoredCycle extends WholeCycle {
  /** When it was written there: UTC epoch milliseconds. */
  storedAt: number;
}

/** Segments of whole cycles that finished within `from` to `to`, both included. */
async function segmentsWithin(warehouse: Warehouse, from: number, to: number): Promise<Segment[]> {
  const { segments } = await currentManifest(warehouse);
  return segments.filter(({ table, minAt, maxAt }) => table === TABLE && maxAt >= from && minAt <= to);
}

/** Rows of these segments that meet a condition, read from the files as they lie on the disk. */
async function readRows(warehouse: Warehouse, segments: readonly Segment[], rest: string): Promise<StoredCycle[]> {
  if (segments.length === 0) return [];
  const paths = segments.map(({ file }) => quoted(join(warehouse.folder, file)));
  const all = `SELECT * FROM (${emptySelect(tables[TABLE])} UNION ALL BY NAME SELECT * FROM read_parquet([${paths.join(', ')}], union_by_name = true))`;
  try {
    return await withDuckDb(warehouse.limits, async (connection) => {
      const reader = await connection.runAndReadAll(
        `SELECT *, epoch_ms(event_at) AS finished_at, epoch_ms(ingested_at) AS stored_at FROM (${all}) ${rest}`,
      );
      return reader.getRowObjectsJson().map(toStored);
    });
  } catch (error) {
    throw unreadable(warehouse, error instanceof Error ? error.message : String(error));
  }
}

function toStored(row: Record<string, unknown>): StoredCycle {
  const given = row as Record<string, string | null>;
  const text = (column: string): string => given[column] ?? '';
  const orNull = (column: string): string | null => given[column] ?? null;
  return {
    cycleId: tagged(text('cycle_id')),
    account: text('account'),
    outcome: text('outcome') as CycleOutcome,
    finishedAt: Number(given['finished_at']),
    record: text('record'),
    consensus: orNull('consensus'),
    plan: orNull('plan'),
    planEnd: orNull('plan_end'),
    signals: text('signals'),
    storedAt: Number(given['stored_at']),
  };
}

/**
 * What the warehouse has of these cycles, read from its files now.
 *
 * @param sound files that were held against their hashes before; grows
 */
export async function readStored(
  warehouse: Warehouse,
  cycles: readonly WholeCycle[],
  sound: Set<string>,
): Promise<Map<string, StoredCycle>> {
  const times = cycles.map(({ finishedAt }) => finishedAt);
  const segments = await segmentsWithin(warehouse, Math.min(...times), Math.max(...times));
  await refuseDamaged(warehouse, segments, sound);
  const ids = cycles.map(({ cycleId }) => quoted(cycleId)).join(', ');
  const rows = await readRows(warehouse, segments, `WHERE cycle_id IN (${ids})`);
  return new Map(rows.map((row) => [row.cycleId, row]));
}

/**
 * Writes those of these cycles that are not there yet as a segment. Whatever interrupts it, and however many do it at once, each is there once: it looks anew
 * after each commit of another.
 *
 * @returns how many it wrote
 */
export async function storeCycles(
  warehouse: Warehouse,
  cycles: readonly WholeCycle[],
  sound: Set<string>,
): Promise<number> {
  let written = 0;
  await changeManifest(warehouse, async (manifest) => {
    const there = await readStored(warehouse, cycles, sound);
    const missing = cycles.filter(({ cycleId }) => !there.has(cycleId));
    written = missing.length;
    if (missing.length === 0) return undefined;
    const segment = await writeOne(warehouse, missing);
    return { ...manifest, segments: [...manifest.segments, segment] };
  });
  return written;
}

async function writeOne(warehouse: Warehouse, cycles: readonly WholeCycle[]): Promise<Segment> {
  const ends = cycles.map(({ finishedAt }) => finishedAt);
  const range = { source: 'journal', from: Math.min(...ends), to: Math.max(...ends) } as const;
  const rows = cycles.map(({ cycleId, account, outcome, finishedAt, record, consensus, plan, planEnd, signals }) => ({
    event_id: `record/${cycleId}`,
    event_at: finishedAt,
    sequence: finishedAt,
    cycle_id: cycleId,
    correlation_id: null,
    account,
    outcome,
    record,
    consensus,
    plan,
    plan_end: planEnd,
    signals,
  }));
  const { mode, limits } = warehouse;
  return withDuckDb(limits, async (connection) => {
    await loadRows(connection, TABLE, TABLE, {
      source: 'journal',
      mode,
      ingestedAt: warehouse.now(),
      rows: { [TABLE]: rows },
    });
    return writeSegment(connection, warehouse, {
      table: TABLE,
      range,
      query: `SELECT * FROM "${TABLE}" ORDER BY event_at`,
    });
  });
}

/** The whole of one cycle, from files that are as they were written; undefined where the warehouse has it not. */
export async function findStored(
  warehouse: Warehouse,
  { cycleId, finishedAt }: Pick<WholeCycle, 'cycleId' | 'finishedAt'>,
): Promise<StoredCycle | undefined> {
  const segments = await segmentsWithin(warehouse, finishedAt, finishedAt);
  await refuseDamaged(warehouse, segments);
  const [row] = await readRows(warehouse, segments, `WHERE cycle_id = ${quoted(cycleId)} LIMIT 1`);
  return row;
}

/** Cycles of an account that finished from `since` until before `until`, newest first, from files that are as they were written. */
export async function listStored(
  warehouse: Warehouse,
  account: string,
  { since, until, limit }: { since: number; until: number; limit: number },
): Promise<StoredCycle[]> {
  const segments = await segmentsWithin(warehouse, since, until - 1);
  await refuseDamaged(warehouse, segments);
  const at = (ms: number): string => `make_timestamptz(${ms * 1_000})`;
  return readRows(
    warehouse,
    segments,
    `WHERE account = ${quoted(account)} AND event_at >= ${at(since)} AND event_at < ${at(until)} ORDER BY event_at DESC, cycle_id DESC LIMIT ${limit}`,
  );
}
