import type { CyclePlace } from '../../contracts/api/cursor.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { PastCycle } from './past-cycles.ts';

/** More cycles of one account than end within one millisecond. */
const TIES = 20;

export interface CyclePage {
  items: PastCycle[];
  /** Where the next page begins; missing of the last one. */
  next?: CyclePlace;
}

/**
 * A page of an account's cycles, newest first, behind the last one of the page before: what ended meanwhile moves none.
 *
 * @param older of both, where the journal alone has not enough; undefined where the warehouse is away
 */
export async function pageCycles(
  { cycles }: Pick<Journal, 'cycles'>,
  account: string,
  { before, limit }: { before: CyclePlace | undefined; limit: number },
  older: (within: { since: number; until: number; limit: number }) => Promise<PastCycle[] | undefined>,
): Promise<CyclePage> {
  const until = before === undefined ? Date.now() + 86_400_000 : before.finishedAt + 1;
  const within = { since: 0, until, limit: limit + 1 + TIES };
  const kept = await cycles.list(account, within.limit, within);
  const here = kept.map((record): PastCycle => ({ record, source: 'journal' }));
  const all = here.length < within.limit ? ((await older(within)) ?? here) : here;
  const found = behind(all, before);
  const items = found.slice(0, limit);
  const last = items.at(-1)?.record;
  if (found.length <= limit || !last) return { items };
  return { items, next: { finishedAt: last.finishedAt, cycleId: last.cycleId } };
}

function behind(all: PastCycle[], before: CyclePlace | undefined): PastCycle[] {
  if (!before) return all;
  const place = all.findIndex(({ record }) => record.cycleId === before.cycleId);
  return place < 0 ? all.filter(({ record }) => record.finishedAt < before.finishedAt) : all.slice(place + 1);
}
