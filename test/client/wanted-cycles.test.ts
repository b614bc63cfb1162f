import { expect, it } from 'vitest';
import { wantedCycles } from '../../client/cli/wanted-cycles.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';

/** A cycle's record as far as it is looked at here. */
const recordOf = (cycleId: string) => ({ cycleId }) as unknown as CycleRecord;

it('cycles run one after the other until there are so many', async () => {
  let runs = 0;
  const seen: string[] = [];
  const run = async () => ({ cycleId: `c-${++runs}` });
  const found = async (cycleId: string) => recordOf(cycleId);
  for await (const { cycleId } of wantedCycles(3, run, found, new AbortController().signal)) seen.push(cycleId);
  expect(seen).toEqual(['c-1', 'c-2', 'c-3']);
});

it('a stop waits for none that is under way, and begins no other', async () => {
  const stop = new AbortController();
  let runs = 0;
  const run = async (): Promise<{ cycleId: string }> => {
    runs += 1;
    if (runs === 2) setTimeout(() => stop.abort(), 10);
    return runs === 1 ? { cycleId: 'c-1' } : new Promise(() => {});
  };
  const seen: string[] = [];
  for await (const { cycleId } of wantedCycles(5, run, async (id) => recordOf(id), stop.signal)) seen.push(cycleId);
  expect([seen, runs]).toEqual([['c-1'], 2]);
});

it('one that fails is told', async () => {
  const run = async (): Promise<{ cycleId: string }> => {
    throw new Error('no worker');
  };
  const all = wantedCycles(1, run, async (id) => recordOf(id), new AbortController().signal);
  await expect(all.next()).rejects.toThrow('no worker');
});
