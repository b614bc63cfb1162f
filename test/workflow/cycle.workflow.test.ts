import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CycleRecord, CycleSummary } from '../../contracts/cycle.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { snapshot } from '../domain/portfolio/plan.ts';
import { leg } from '../support/books.ts';
import { cycleTerms } from '../support/cycle-terms.ts';
import { startTimeSkipping } from '../support/temporal.ts';
import { inRig } from '../support/workflow-rig.ts';
import { ended, gate } from './scripted-orders.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

const order = (name: string): OrderLeg => leg({ legId: `sph-cycle-${name}`, cycleId: `cycle/${name}`, epoch: 1 });

/** A cycle that trades one order, each of whose steps says when it is at work: what it did, and what it wrote. */
function scripted(name: string) {
  const steps = { snapshot: gate(), plan: gate(), place: gate() };
  const did: string[] = [];
  const records: CycleRecord[] = [];
  let plans = 0;
  const activities = {
    currentEpoch: async () => 2,
    openCycle: async () => cycleTerms({ epoch: 1 }),
    takeSnapshot: async () => {
      await steps.snapshot.pass();
      return snapshot;
    },
    readPrices: async () => ({ takenAt: snapshot.takenAt + 1, symbols: [] }),
    formConsensus: async () => ({ cycleId: `cycle/${name}`, symbols: [], formedBy: 'coordinator' }),
    planCycle: async () => {
      plans += 1;
      // While it is a local activity no signal comes in: as one that the server has tried again, it takes a moment.
      if (plans === 1) throw new Error('the journal is busy');
      await steps.plan.pass();
      did.push('plan');
      const legs = [order(name)];
      return { cycleId: `cycle/${name}`, kind: 'independent', equity: '1', legs, verdicts: [], allocations: [] };
    },
    releaseLeg: async (legId: string) => void did.push(`release ${legId}`),
    placeOrder: async (sent: OrderLeg) => {
      did.push(`place ${sent.legId}`);
      await steps.place.pass();
      return ended(sent, 'filled');
    },
    recordCycle: async (record: CycleRecord) => void records.push(record),
  };
  return { steps, did, records, activities };
}

type Steps = ReturnType<typeof scripted>['steps'];

/** @param at the step during which the cycle is ended; the others go on at once */
async function endedAt(at: keyof Steps, how: 'cancelled' | 'halted') {
  const name = `${how}-${at}`;
  const { steps, did, records, activities } = scripted(name);
  for (const [step, each] of Object.entries(steps)) if (step !== at) each.open();
  const end = (handle: WorkflowHandle): Promise<unknown> =>
    how === 'cancelled' ? handle.cancel() : handle.signal('halt', { epoch: 2, reason: 'a stop' });
  let summary: CycleSummary | undefined;
  await inRig(environment, activities, async (rig) => {
    const handle = await rig.start('tradingCycle', {});
    await steps[at].reached;
    await end(handle);
    // Heard of before the step's own answer.
    await expect.poll(async () => hasHeard(handle, how), { timeout: 10_000 }).toBe(true);
    steps[at].open();
    summary = await handle.result();
  });
  expect(records).toMatchObject([{ outcome: summary?.outcome }]);
  return { did, record: records[0], legId: order(name).legId };
}

async function hasHeard(handle: WorkflowHandle, how: 'cancelled' | 'halted'): Promise<boolean> {
  const events = (await handle.fetchHistory()).events ?? [];
  const asked = events.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'currentEpoch',
  );
  const at = events.findIndex((event) =>
    how === 'cancelled'
      ? event.workflowExecutionCancelRequestedEventAttributes
      : asked && String(event.activityTaskCompletedEventAttributes?.scheduledEventId) === String(asked.eventId),
  );
  return at !== -1 && events.slice(at).some((event) => event.workflowTaskCompletedEventAttributes);
}

describe.each([
  ['halted', 'trading is halted (epoch 1)', ['HALTED', 'HALTED', 'HALTED']],
  // Trading goes on: its outcome says what became of it.
  ['cancelled', 'cut short: it was cancelled', ['DEGRADED', 'DEGRADED', 'COMPLETED']],
] as const)('a cycle that is %s', (how, summary, [atMarket, atPlan, atOrder]) => {
  it('while it reads the market decides nothing, and is recorded', async () => {
    const { did, record } = await endedAt('snapshot', how);
    expect(did).toEqual([]);
    expect(record).toMatchObject({ outcome: atMarket, summary, orders: [] });
  });

  it('while it plans sends nothing of the plan, whose capital is given back', async () => {
    const { did, record, legId } = await endedAt('plan', how);
    expect(did).toEqual(['plan', `release ${legId}`]);
    expect(record).toMatchObject({
      outcome: atPlan,
      plan: { legs: [{ legId }] },
      orders: [{ legId, state: 'initialized' }],
    });
  });

  it('while its order is on its way follows it to its end', async () => {
    const { did, record, legId } = await endedAt('place', how);
    expect(did).toEqual(['plan', `place ${legId}`]);
    expect(record).toMatchObject({ outcome: atOrder, orders: [{ legId, state: 'filled' }] });
  });
});
