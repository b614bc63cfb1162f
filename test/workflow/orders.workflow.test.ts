import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderResult, PlanResult } from '../../contracts/cycle.ts';
import { orderWorkflowId } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { leg } from '../support/books.ts';
import { startTimeSkipping } from '../support/temporal.ts';
import { inRig } from '../support/workflow-rig.ts';
import { ended, gate, resting, resultOf } from './scripted-orders.ts';

const HOUR_MS = 3_600_000;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

const never = async () => Promise.reject(new Error('not to be asked'));
const halt = (handle: WorkflowHandle) => handle.signal('halt', { epoch: 2, reason: 'a stop' });

/** Until the workflow has seen that the books are of another epoch. */
async function untilHeard(handle: WorkflowHandle): Promise<void> {
  const heard = async () => {
    const { events = [] } = await handle.fetchHistory();
    const asked = events?.find(
      ({ activityTaskScheduledEventAttributes: task }) => task?.activityType?.name === 'currentEpoch',
    );
    const answered = events?.findIndex(
      ({ activityTaskCompletedEventAttributes: end }) => end && String(end.scheduledEventId) === String(asked?.eventId),
    );
    return events?.slice(answered).some((event) => answered !== -1 && event.workflowTaskCompletedEventAttributes);
  };
  await expect.poll(heard, { timeout: 10_000 }).toBe(true);
}

describe('an order that is ended while it is being placed', () => {
  it.each([
    ['cancelled', (handle: WorkflowHandle) => handle.cancel()],
    ['stopped', async (handle: WorkflowHandle) => halt(handle).then(() => untilHeard(handle))],
  ])('is %s at the exchange as soon as it rests there', async (_how, end) => {
    const placing = gate();
    const cancelled: number[] = [];
    const activities = {
      currentEpoch: async () => 2,
      placeOrder: async (order: OrderLeg) => {
        await placing.pass();
        return resting(order);
      },
      awaitFill: never,
      cancelOrder: async (order: OrderLeg, submission: number) => {
        cancelled.push(submission);
        return ended(order, 'canceled');
      },
    };
    await inRig(environment, activities, async (rig) => {
      const order = leg({ legId: `sph-placing-${_how}`, timeInForce: 'GTC', restMs: HOUR_MS, epoch: 1 });
      const handle = await rig.start('executeOrder', order);
      await placing.reached;
      await end(handle);
      placing.open();
      expect(await handle.result()).toMatchObject({ state: 'canceled' } satisfies Partial<OrderResult>);
      expect(cancelled).toEqual([1]);
    });
  });
});

describe('an order between two of its slices', () => {
  /** The first slice is filled, and the next one due in two hours. */
  async function betweenSlices(end: (handle: WorkflowHandle) => Promise<unknown>, legId: string) {
    const sent: number[] = [];
    const looked: number[] = [];
    const activities = {
      currentEpoch: async () => 2,
      placeOrder: async (order: OrderLeg, submission: number) => {
        sent.push(submission);
        return submission === 1
          ? ended(order, 'filled', { submission: 2, delayMs: 2 * HOUR_MS })
          : ended(order, 'denied');
      },
      resolveOrder: async (order: OrderLeg, submission: number) => {
        looked.push(submission);
        return ended(order, 'void');
      },
    };
    let elapsedMs = 0;
    await inRig(environment, activities, async (rig) => {
      const handle = await rig.start('executeOrder', leg({ legId, epoch: 1 }));
      await expect.poll(() => sent, { timeout: 10_000 }).toEqual([1]);
      await end(handle);
      await handle.result();
      const { startTime, closeTime } = await handle.describe();
      elapsedMs = (closeTime?.getTime() ?? Number.NaN) - startTime.getTime();
    });
    return { sent, looked, elapsedMs };
  }

  it('sends no other one once it is cancelled, and has a tombstone set where that would have been', async () => {
    const { sent, looked, elapsedMs } = await betweenSlices((handle) => handle.cancel(), 'sph-slices-cancelled');
    expect({ sent, looked }).toEqual({ sent: [1], looked: [2] });
    expect(elapsedMs).toBeLessThan(HOUR_MS);
  });

  it('has the fence refuse the next one at once when trading is stopped', async () => {
    const { sent, looked, elapsedMs } = await betweenSlices(halt, 'sph-slices-stopped');
    expect({ sent, looked }).toEqual({ sent: [1, 2], looked: [] });
    expect(elapsedMs).toBeLessThan(HOUR_MS);
  });
});

describe('a plan of linked legs', () => {
  const legs = (name: string) =>
    ['first', 'second'].map((which) => leg({ legId: `sph-${name}-${which}`, cycleId: `cycle/${name}`, epoch: 1 }));

  /** Starts a plan of two legs, of which the first waits in its placing until `meanwhile` is over. */
  async function planned(name: string, meanwhile: (handle: WorkflowHandle) => Promise<unknown>) {
    const placing = gate();
    const seen = {
      placed: [] as string[],
      dropped: [] as string[],
      asked: [] as string[],
      settled: [] as PlanResult[],
    };
    const activities = {
      currentEpoch: async () => 2,
      placeOrder: async (order: OrderLeg) => {
        seen.placed.push(order.legId);
        if (order.legId.endsWith('first')) await placing.pass();
        return ended(order, 'filled');
      },
      dropLeg: async (legId: string) => void seen.dropped.push(legId),
      settlePlan: async (result: PlanResult) => void seen.settled.push(result),
      planCompensation: never,
    };
    let result: PlanResult | undefined;
    const [first, second] = legs(name);
    await inRig(environment, activities, async (rig) => {
      const handle = await rig.start('executePlan', { cycleId: `cycle/${name}`, legs: [first, second] });
      await placing.reached;
      await meanwhile(handle);
      placing.open();
      result = await handle.result();
    });
    expect(seen.settled).toEqual([result]);
    return { ...seen, result };
  }

  it('keeps what it opened and sends no more of it once trading is stopped, though its first leg is filled', async () => {
    const { result, placed, dropped } = await planned('stopped', async (handle) => {
      await halt(handle);
      await untilHeard(handle);
    });
    expect(result).toMatchObject({ end: 'held', orders: [{ state: 'filled' }, { state: 'initialized' }] });
    expect({ placed, dropped }).toEqual({ placed: ['sph-stopped-first'], dropped: ['sph-stopped-second'] });
  });

  it('comes to its end when somebody cancels it: half of it is a risk that nobody chose', async () => {
    const { result, placed } = await planned('cancelled', (handle) => handle.cancel());
    expect(result).toMatchObject({ end: 'done', orders: [{ state: 'filled' }, { state: 'filled' }] });
    expect(placed).toEqual(['sph-cancelled-first', 'sph-cancelled-second']);
  });

  it('takes the end of a leg from the books that another workflow has in hand, and undoes what it had opened', async () => {
    const sold: string[] = [];
    const asked: string[] = [];
    const activities = {
      placeOrder: async (order: OrderLeg) => {
        if (order.purpose === 'compensate') sold.push(order.legId);
        return ended(order, 'filled');
      },
      awaitLeg: async (order: OrderLeg) => {
        asked.push(order.legId);
        return resultOf(order, 'void', 'never sent');
      },
      dropLeg: async () => undefined,
      settlePlan: async () => undefined,
      planCompensation: async (order: OrderLeg, attempt: number) => {
        if (attempt > 1) return { held: '' };
        return { leg: { ...order, legId: 'sph-other-back', side: 'sell', purpose: 'compensate' } };
      },
    };
    const [first, second] = legs('other');
    await inRig(environment, activities, async (rig) => {
      await environment.client.workflow.start('executeOrder', {
        workflowId: orderWorkflowId(tagged('sph-other-first')),
        taskQueue: 'nobody',
        args: [first],
      });
      const handle = await rig.start('executePlan', { cycleId: 'cycle/other', legs: [first, second] });
      const { end, orders }: PlanResult = await handle.result();
      expect(end).toBe('flat');
      expect(orders.map(({ legId, state }) => [legId, state])).toEqual([
        ['sph-other-first', 'void'],
        ['sph-other-second', 'initialized'],
        ['sph-other-back', 'filled'],
      ]);
    });
    expect({ sold, asked }).toEqual({ sold: ['sph-other-back'], asked: ['sph-other-first'] });
  });
});
