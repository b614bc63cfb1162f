import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderResult } from '../../contracts/cycle.ts';
import type { LegProgress } from '../../contracts/order.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg, OrderState } from '../../domain/orders/orders.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { leg } from '../support/books.ts';
import { startTimeSkipping } from '../support/temporal.ts';

const HOUR_MS = 3_600_000;

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

function progress(state: OrderState, next?: LegProgress['next']): LegProgress {
  const { legId, symbol, side, quantity, limitPrice } = leg();
  return {
    result: {
      legId,
      intentId: tagged(`${legId}-1`),
      symbol,
      side,
      state,
      quantity,
      filledQuantity: tagged('0'),
      limitPrice,
      detail: '',
    },
    working: false,
    restUntil: 0,
    ...(next ? { next } : {}),
  };
}

/** Runs the order workflow against activities that say what the test wants said; hours pass in an instant. */
async function execute(
  activities: Record<string, (leg: OrderLeg, submission: number) => Promise<LegProgress>>,
  id: string,
) {
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
  it('sends the next slice when its time has come, and no earlier', async () => {
    const sent: number[] = [];
    const { end, elapsedMs } = await execute(
      {
        placeOrder: async (_leg, submission) => {
          sent.push(submission);
          return submission === 1 ? progress('filled', { submission: 2, delayMs: 2 * HOUR_MS }) : progress('filled');
        },
        resolveOrder: async () => Promise.reject(new Error('not to be asked')),
      },
      'slices',
    );
    expect(end.state).toBe('filled');
    expect(sent).toEqual([1, 2]);
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
          return progress('filled');
        },
      },
      'unknown',
    );
    expect(end.state).toBe('filled');
    expect({ placed, asked }).toEqual({ placed: 1, asked: 100 });
    expect(elapsedMs).toBeGreaterThan(10 * 60_000);
  });
});
