import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderResult } from '../../contracts/cycle.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import type { OrderState } from '../../domain/orders.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { leg } from '../support/books.ts';
import { startTimeSkipping } from '../support/temporal.ts';

const HOUR_MS = 3_600_000;

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

function result(state: OrderState): OrderResult {
  const { legId, symbol, side, quantity, limitPrice } = leg();
  return { legId, intentId: `${legId}-1`, symbol, side, state, quantity, filledQuantity: '0', limitPrice, detail: '' };
}

/** Runs the order workflow against activities that say what the test wants said; hours pass in an instant. */
async function execute(activities: Record<string, () => Promise<OrderResult>>, id: string) {
  const workflowBundleOption = await workflowBundle();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: TaskQueue.execution,
    workflowBundle: workflowBundleOption,
    activities,
  });
  return worker.runUntil(async () => {
    const handle = await environment.client.workflow.start('executeOrder', {
      workflowId: `order/${id}`,
      taskQueue: TaskQueue.execution,
      args: [leg({ timeInForce: 'GTC', restMs: 2 * HOUR_MS })],
    });
    const end = (await handle.result()) as OrderResult;
    const { startTime, closeTime } = await handle.describe();
    const elapsedMs = (closeTime?.getTime() ?? Number.NaN) - startTime.getTime();
    await Worker.runReplayHistory({ workflowBundle: workflowBundleOption }, await handle.fetchHistory());
    return { end, elapsedMs };
  });
}

describe('time in an order workflow', () => {
  it('lets a GTC order rest as long as its leg says, and cancels it then', async () => {
    let cancels = 0;
    const { end, elapsedMs } = await execute(
      {
        placeOrder: async () => result('accepted'),
        cancelOrder: async () => {
          cancels += 1;
          return result('canceled');
        },
        resolveOrder: async () => Promise.reject(new Error('not to be asked')),
      },
      'rests',
    );
    expect(end.state).toBe('canceled');
    expect(cancels).toBe(1);
    expect(elapsedMs).toBeGreaterThanOrEqual(2 * HOUR_MS);
    expect(elapsedMs).toBeLessThan(2 * HOUR_MS + 60_000);
  });

  it('asks about an order of unknown end until it is answered, however long the exchange is away', async () => {
    let asked = 0;
    let placed = 0;
    const { end, elapsedMs } = await execute(
      {
        placeOrder: async () => {
          placed += 1;
          throw new Error('the worker lost the answer');
        },
        cancelOrder: async () => Promise.reject(new Error('not to be asked')),
        resolveOrder: async () => {
          asked += 1;
          if (asked < 100) throw new Error('the exchange is away');
          return result('filled');
        },
      },
      'unknown',
    );
    expect(end.state).toBe('filled');
    expect({ placed, asked }).toEqual({ placed: 1, asked: 100 });
    expect(elapsedMs).toBeGreaterThan(10 * 60_000);
  });
});
