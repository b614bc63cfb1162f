import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CycleDraft, CycleSummary } from '../../contracts/cycle.ts';
import type { PlanRequest } from '../../contracts/cycle-steps.ts';
import type { Prices } from '../../domain/market/prices.ts';
import { snapshot } from '../domain/portfolio/plan.ts';
import { cycleTerms } from '../support/cycle-terms.ts';
import { startTimeSkipping } from '../support/temporal.ts';
import { inRig } from '../support/workflow-rig.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

const consensus = { cycleId: 'c', symbols: [], formedBy: 'coordinator' };

/** A cycle that plans by whatever prices it read last: each reading is a millisecond younger than the one before. */
async function decide(formConsensus: (reads: () => number) => Promise<typeof consensus>, failing = 0) {
  let reads = 0;
  const planned: PlanRequest[] = [];
  let summary: CycleSummary | undefined;
  const activities = {
    openCycle: async () => cycleTerms({ epoch: 1 }),
    takeSnapshot: async () => snapshot,
    readPrices: async () => {
      reads += 1;
      if (reads <= failing) throw new Error('no depth');
      return { takenAt: snapshot.takenAt + reads, symbols: [] };
    },
    formConsensus: () => formConsensus(() => reads),
    planCycle: async (request: PlanRequest) => {
      planned.push(request);
      return { cycleId: 'c', kind: 'independent', equity: '1', legs: [], verdicts: [], allocations: [] };
    },
    recordCycle: async () => undefined,
  };
  await inRig(environment, activities, async (rig) => {
    summary = await (await rig.start('tradingCycle', {})).result();
  });
  return { reads, ages: planned.map(({ prices }) => prices.takenAt - snapshot.takenAt), summary };
}

describe('the prices of a decision', () => {
  it('are read once the consensus is formed', async () => {
    const formed = async (reads: () => number): Promise<typeof consensus> => {
      expect(reads()).toBe(0);
      return consensus;
    };
    expect(await decide(formed)).toMatchObject({ reads: 1, ages: [1], summary: { outcome: 'NO_TRADE' } });
  });

  it('are read while the coordinator is asked again', async () => {
    let asked = 0;
    const again = async (reads: () => number): Promise<typeof consensus> => {
      asked += 1;
      if (asked === 1) throw new Error('it was starting');
      await expect.poll(reads).toBe(1);
      return consensus;
    };
    expect(await decide(again)).toMatchObject({ reads: 1, ages: [1], summary: { outcome: 'NO_TRADE' } });
    expect(asked).toBe(2);
  });

  it('are read anew where that took longer than a second', async () => {
    const slow = async (): Promise<typeof consensus> => {
      await sleep(1_200);
      return consensus;
    };
    expect(await decide(slow)).toMatchObject({ reads: 2, ages: [2], summary: { outcome: 'NO_TRADE' } });
  });

  it('are read once more where the reading beside a quick consensus failed', async () =>
    expect(await decide(async () => consensus, 3)).toMatchObject({
      reads: 4,
      ages: [4],
      summary: { outcome: 'NO_TRADE' },
    }));

  it('cut the cycle short when they cannot be read, and nothing is planned', async () => {
    const { reads, ages, summary } = await decide(async () => consensus, Number.POSITIVE_INFINITY);
    expect({ reads, ages, summary }).toMatchObject({ reads: 6, ages: [], summary: { outcome: 'DEGRADED' } });
    expect(summary?.summary).toContain('no depth');
  });
});

/** A cycle that begins while trading is halted, and what it hands on to be recorded. */
async function beginHalted(readable: boolean) {
  const recorded: [CycleDraft, Prices | undefined][] = [];
  let summary: CycleSummary | undefined;
  const activities = {
    openCycle: async () => cycleTerms({ epoch: 1, tradingState: 'halted' }),
    readPrices: async () => {
      if (!readable) throw new Error('no depth');
      return { takenAt: snapshot.takenAt, symbols: [] };
    },
    recordCycle: async (...given: [CycleDraft, Prices | undefined]) => void recorded.push(given),
  };
  await inRig(environment, activities, async (rig) => {
    summary = await (await rig.start('tradingCycle', {})).result();
  });
  return { recorded, summary };
}

describe('a cycle of halted trading', () => {
  it('is marked at the market as any other', async () => {
    const { recorded, summary } = await beginHalted(true);
    const { takenAt } = snapshot;
    expect(recorded).toMatchObject([[{ outcome: 'HALTED', prices: { takenAt } }, { takenAt }]]);
    expect(summary?.outcome).toBe('HALTED');
  });

  it('ends as halted without a mark where the market cannot be read', async () => {
    const { recorded, summary } = await beginHalted(false);
    expect(recorded).toMatchObject([[{ outcome: 'HALTED' }, undefined]]);
    expect(recorded[0]?.[0].prices).toBeUndefined();
    expect(summary?.summary).toBe('trading is halted (epoch 1)');
  });
});
