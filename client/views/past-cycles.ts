import type { CycleRecord } from '../../contracts/cycle.ts';
import { UserError } from '../../contracts/errors.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { Warehouse } from '../../stores/warehouse/warehouse.ts';

/** Where a record was read. */
export type RecordSource = 'journal' | 'warehouse';

export interface PastCycle {
  record: CycleRecord;
  source: RecordSource;
}

/** The warehouse is opened for what the journal has no more, and only then. */
export interface PastCycles {
  journal: Pick<Journal, 'archive' | 'cycles'>;
  warehouse(): Promise<Warehouse>;
}

/** The record of a finished cycle, of whatever age; refused with where it should be when neither has it. */
export async function findCycle({ journal, warehouse: open }: PastCycles, cycleId: CycleId): Promise<PastCycle> {
  const here = await journal.cycles.find(cycleId);
  if (here) return { record: here, source: 'journal' };
  const moved = await journal.archive.moved(cycleId);
  if (!moved) {
    throw new UserError(
      'CycleUnknown',
      `No finished cycle has the id ${cycleId}. "./sapphire cycle list" shows the last ones, with --since older ones as well.`,
    );
  }
  const warehouse = await open();
  const { findStored } = await import('../../stores/warehouse/decisions.ts');
  const stored = await findStored(warehouse, moved);
  if (stored) return { record: JSON.parse(stored.record) as CycleRecord, source: 'warehouse' };
  const at = (ms: number): string => new Date(ms).toISOString();
  throw new UserError(
    'CycleNotInWarehouse',
    `The cycle ${cycleId} ended at ${at(moved.finishedAt)} as ${moved.outcome}; its record moved to the warehouse at ${at(moved.movedAt)}, and the one in ${warehouse.folder} has it not: retention.tradingDays let it delete it, or it is another one. A backup's warehouse may have it.`,
  );
}

/** Cycles of an account that finished from `since` until before `until`, newest first, of both. */
export async function listCycles(
  { journal, warehouse: open }: PastCycles,
  account: string,
  { since, until, limit }: { since: number; until: number; limit: number },
): Promise<PastCycle[]> {
  const here = await journal.cycles.list(account, limit, { since, until });
  const { listStored } = await import('../../stores/warehouse/decisions.ts');
  const stored = await listStored(await open(), account, { since, until, limit });
  const known = new Set(here.map(({ cycleId }) => cycleId));
  const moved = stored.filter(({ cycleId }) => !known.has(cycleId)).map((row) => JSON.parse(row.record) as CycleRecord);
  return [
    ...here.map((record) => ({ record, source: 'journal' as const })),
    ...moved.map((record) => ({ record, source: 'warehouse' as const })),
  ]
    .toSorted((one, other) => other.record.finishedAt - one.record.finishedAt)
    .slice(0, limit);
}
