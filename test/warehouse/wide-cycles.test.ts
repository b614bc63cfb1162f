import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { WholeCycle } from '../../stores/journal/books/archive.ts';
import { findStored } from '../../stores/warehouse/decisions.ts';
import { type MovedFrom, moveOut } from '../../stores/warehouse/move-out.ts';
import { compactSegments } from '../../stores/warehouse/segments/compact.ts';
import { currentManifest, openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { BESIDE_TRADING } from '../../workers/warehouse-watch.ts';
import { temporaryFolder } from '../support/books.ts';
import { typed } from '../support/plain.ts';

const CYCLES = 700;
const texts = randomBytes(500_000).toString('hex');

/** As one of fifty symbols is: a quarter of a megabyte. */
function wide(number: number): WholeCycle {
  return typed({
    cycleId: `c${number}`,
    account: 'main',
    outcome: 'NO_TRADE',
    finishedAt: 1_000_000 + number,
    record: texts.slice(number * 1_000, number * 1_000 + 190_000),
    consensus: texts.slice(number, number + 56_000),
    plan: null,
    planEnd: null,
    signals: '[]',
  } as never);
}

it('whole cycles of fifty symbols move, and their segments become fewer, within what a worker has for it', async () => {
  const left = new Set(Array.from({ length: CYCLES }, (_, number) => number));
  const archive = {
    accounts: async () => ['main'],
    old: async (_account, before, limit, after) =>
      [...left]
        .filter((number) => 1_000_000 + number < before && 1_000_000 + number > (after?.finishedAt ?? 0))
        .slice(0, limit)
        .map(wide),
    release: async (ids) => ids.filter((id) => left.delete(Number(id.slice(1)))).length,
  } satisfies MovedFrom;
  let now = 1_000_000_000;
  const folder = join(temporaryFolder(), 'warehouse');
  const warehouse = openWarehouse({ folder, mode: 'paper', journal: 'j', limits: BESIDE_TRADING, now: () => now });
  const move = () => moveOut({ archive, warehouse, feeds: [] }, now);

  expect(await move()).toEqual({ stored: CYCLES, moved: 0 });
  const { segments } = await currentManifest(warehouse);
  expect(Math.max(...segments.map(({ rows }) => rows))).toBeLessThan(80);
  expect(await compactSegments(warehouse)).toBe(9);
  now += 86_400_000;
  expect(await move()).toEqual({ stored: 0, moved: CYCLES });
  expect(await findStored(warehouse, wide(123))).toMatchObject(wide(123));
}, 60_000);
