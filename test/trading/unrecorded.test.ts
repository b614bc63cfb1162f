import { describe, expect, it } from 'vitest';
import type { Journal } from '../../stores/journal/port.ts';
import type { CutCycle, RunState } from '../../trading/reconcile/missing.ts';
import { recordCutCycles } from '../../trading/reconcile/unrecorded.ts';
import { fund, leg, planLegs, sending, temporaryJournal, terms } from '../support/books.ts';
import type { Plain } from '../support/plain.ts';
import { typed } from '../support/plain.ts';

const configuration = { mode: 'paper', currency: 'USDT' } as const;
const now = Date.now();

const cut = (changes: Plain<Partial<CutCycle>> = {}): CutCycle =>
  typed<CutCycle>({
    cycleId: 'cycle/main/1',
    runId: 'r',
    account: 'main',
    startedAt: now - 90_000,
    endedAt: now - 30_000,
    end: 'timed_out',
    ...changes,
  });

async function recorded(journal: Journal, cuts: CutCycle[], state: RunState = 'cut_short'): Promise<string[]> {
  const asked: string[] = [];
  const runs = {
    cutCycles: async () => cuts,
    state: async (workflowId: string) => {
      asked.push(workflowId);
      return cuts.some(({ cycleId }) => cycleId === workflowId) ? state : undefined;
    },
  };
  const first = await recordCutCycles({ journal, runs, configuration }, 'main', now);
  expect(await recordCutCycles({ journal, runs, configuration }, 'main', now)).toEqual([]);
  // Of what is left alone nothing is asked at each look.
  if (first.length === 0 && state === 'cut_short') expect(asked).toEqual([]);
  return first;
}

async function sent(journal: Journal): Promise<void> {
  await fund(journal);
  const order = leg({ cycleId: 'cycle/main/1' });
  await planLegs(journal, order);
  await journal.intents.openFence(order, terms(order), sending(now));
}

describe('a cycle that was cut short', () => {
  it('gets its record, once', async () => {
    const journal = await temporaryJournal();
    expect(await recorded(journal, [cut()])).toEqual(['cycle/main/1']);
    expect(await journal.cycles.find(cut().cycleId)).toMatchObject({ outcome: 'DEGRADED', orders: [] });
  });

  it.each([
    ['belongs to another account', { account: 'other' }],
    ['was started by other means', { account: undefined }],
    ['failed at its door', { end: 'failed' }],
    ['has only just ended', { endedAt: now - 1_000 }],
  ])('gets none where it %s, unless the books have an order of it', async (_, changes) => {
    const journal = await temporaryJournal();
    expect(await recorded(journal, [cut(changes)])).toEqual([]);
    if ('endedAt' in changes) return;
    await sent(journal);
    expect(await recorded(journal, [cut(changes)])).toEqual(['cycle/main/1']);
    expect((await journal.cycles.find(cut().cycleId))?.orders).toHaveLength(1);
  });

  it('gets none while somebody goes on with it', async () => {
    expect(await recorded(await temporaryJournal(), [cut()], 'running')).toEqual([]);
  });
});
