import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderResult, PlanResult } from '../../contracts/cycle.ts';
import type { Compensation } from '../../contracts/exits.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { LegId } from '../../domain/orders/ids.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { leg } from '../support/books.ts';
import { startTimeSkipping } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

/**
 * Of two linked legs the first is filled, and the second is denied with these words.
 *
 * @param undo what each look at a compensation finds
 */
async function plan(
  id: string,
  denied: Pick<OrderResult, 'detail' | 'refusal'>,
  undo: () => Compensation = () => ({ held: '' }),
) {
  const told = { undone: 0 };
  const bundle = await workflowBundle();
  const legs = ['a', 'b'].map((name) => leg({ legId: `${id}-${name}`, cycleId: id }));
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: TaskQueue.execution,
    workflowBundle: bundle,
    activities: {
      async placeOrder({ legId, symbol, side, quantity, limitPrice }: OrderLeg) {
        const ended = { legId, intentId: `${legId}-1`, symbol, side, quantity, limitPrice };
        const result =
          legId === legs[0]?.legId
            ? { ...ended, state: 'filled', filledQuantity: quantity, detail: '' }
            : { ...ended, state: 'denied', filledQuantity: '0', ...denied };
        return { result, working: false, restUntil: 0 };
      },
      async planCompensation() {
        told.undone += 1;
        return undo();
      },
      settlePlan: async () => undefined,
    },
  });
  const result = await worker.runUntil(
    environment.client.workflow.execute('executePlan', {
      workflowId: `plan/${id}`,
      taskQueue: TaskQueue.execution,
      args: [{ cycleId: id, legs }],
    }),
  );
  const history = await environment.client.workflow.getHandle(`plan/${id}`).fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: bundle }, history);
  return { end: (result as PlanResult).end, undone: told.undone };
}

describe('a plan of linked legs of which one was denied', () => {
  const stopped = { end: 'held', undone: 0 };
  // What was denied is asked for too: whatever became of it, what it may have opened is undone.
  const failed = { end: 'flat', undone: 2 };
  const numbers = { limit: '5', value: '4' };

  it.each([
    ['by a stop', 'in other words', 'StaleEpoch', stopped],
    ['by a halt', 'in other words', 'TradingHalted', stopped],
    ['by a limit', 'StaleEpoch: limit 5, value 4', 'OrderRate', failed],
  ] as const)('%s goes by the code, and not by the words', async (_what, detail, code, wanted) => {
    expect(await plan(`code-${code}`, { detail, refusal: { code, ...numbers } })).toEqual(wanted);
  });

  it.each([
    ['TradingHalted: limit active, value halted', stopped],
    ['StaleEpoch: limit 5, value 4', stopped],
    ['TradingReducing: limit active, value reducing', failed],
    ['TradingHalted by whomever', failed],
  ])('goes by "%s" where an order workflow of an earlier release said no more', async (detail, wanted) => {
    expect(await plan(`words-${detail.length}`, { detail })).toEqual(wanted);
  });

  it('is undone without waiting for a sale of ours that rests for a better price', async () => {
    const resting: LegId = tagged('sphresting');
    const wait = { quantity: '0.01', reason: 'reserved by another order', resting: [resting] };
    const sale = environment.client.workflow.getHandle(`order/${resting}`);
    // Nobody serves its queue: that it was asked to end is all that is to be seen.
    await environment.client.workflow.start('executeOrder', {
      workflowId: sale.workflowId,
      taskQueue: 'nobody',
      args: [leg({ legId: resting })],
    });
    let looks = 0;
    const undo = (): Compensation => {
      looks += 1;
      return looks <= 3 ? { wait } : { held: '' };
    };
    const refusal = { code: 'OrderRate', limit: '5', value: '4' } as const;
    expect(await plan('resting', { detail: '', refusal }, undo)).toEqual({ end: 'flat', undone: 5 });
    const asked = (await sale.fetchHistory()).events?.filter(
      (event) => event.workflowExecutionCancelRequestedEventAttributes,
    );
    expect(asked).toHaveLength(1);
    await sale.terminate();
  });
});
