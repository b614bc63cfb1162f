import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlattenResult } from '../../contracts/control.ts';
import type { Exit, ExitQuestion } from '../../contracts/exits.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { leg } from '../support/books.ts';
import { startTimeSkipping } from '../support/temporal.ts';

const MINUTE_MS = 60_000;
const PAUSED = 'SOL/USDT';
const HELD = { quantity: '2', reason: 'the exchange does not trade SOL/USDT: it is halted' };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

/** Of what is held the exchange does not trade SOL for this many looks; the selling is not ordered any more after so many. */
async function flatten(id: string, looksUntilTraded: number, looksUntilResume = Number.POSITIVE_INFINITY) {
  const sold = new Set<string>();
  const told = { looks: 0, notes: 0, orders: [] as string[] };
  const bundle = await workflowBundle();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: TaskQueue.execution,
    workflowBundle: bundle,
    activities: {
      noteSelling: async () => void (told.notes += 1),
      heldSymbols: async () => ['BTC/USDT', PAUSED].filter((symbol) => !sold.has(symbol)),
      isSellingOrdered: async () => told.looks < looksUntilResume,
      async planExit({ symbol, attempt }: ExitQuestion): Promise<Exit> {
        if (sold.has(symbol)) return { over: { dust: '0' } };
        if (symbol === PAUSED) told.looks += 1;
        if (symbol === PAUSED && told.looks <= looksUntilTraded) return { wait: { ...HELD, untraded: true } };
        return { leg: leg({ legId: `${id}-${symbol}-${attempt}`, symbol, side: 'sell', purpose: 'flatten' }) };
      },
      async placeOrder({ legId, symbol, side, quantity, limitPrice }: OrderLeg) {
        sold.add(symbol);
        told.orders.push(symbol);
        const state = 'filled' as const;
        const intentId = `${legId}-1`;
        const filledQuantity = quantity;
        const result = { legId, intentId, symbol, side, state, quantity, filledQuantity, limitPrice, detail: '' };
        return { result, working: false, restUntil: 0 };
      },
    },
  });
  return worker.runUntil(async () => {
    const handle = await environment.client.workflow.start('flatten', {
      workflowId: `flatten/${id}`,
      taskQueue: TaskQueue.execution,
      args: ['main', 1],
    });
    const startedAt = (await handle.describe()).startTime;
    const result = (await handle.result()) as FlattenResult;
    const last = environment.client.workflow.getHandle(`flatten/${id}`);
    const { closeTime, runId } = await last.describe();
    for (const run of [handle.firstExecutionRunId, runId]) {
      const history = await environment.client.workflow.getHandle(`flatten/${id}`, run).fetchHistory();
      expect(history.events?.length).toBeLessThan(2_100);
      await Worker.runReplayHistory({ workflowBundle: bundle }, history);
    }
    const elapsedMs = Number(closeTime) - Number(startedAt);
    return { result, told, elapsedMs, isContinued: runId !== handle.firstExecutionRunId };
  });
}

describe('a selling while the exchange pauses a symbol', () => {
  it('sells the others at once and that one when it is traded again, hours later and in another run', async () => {
    const { result, told, elapsedMs, isContinued } = await flatten('hours', 140);
    expect(told.orders).toEqual(['BTC/USDT', PAUSED]);
    expect(result).toEqual({
      sold: [
        { symbol: 'BTC/USDT', quantity: leg().quantity },
        { symbol: PAUSED, quantity: leg().quantity },
      ],
      dust: [],
      held: [],
    });
    // A look a minute, but for the first ones of each run.
    expect(elapsedMs).toBeGreaterThan(130 * MINUTE_MS);
    expect(elapsedMs).toBeLessThan(145 * MINUTE_MS);
    expect(isContinued).toBe(true);
    expect(told.notes).toBe(1);
  }, 120_000);

  it('ends when trading is resumed, and says what is held and why', async () => {
    const { result, told, isContinued } = await flatten('resumed', 180, 7);
    expect(result).toMatchObject({ sold: [{ symbol: 'BTC/USDT' }], held: [{ symbol: PAUSED, ...HELD }] });
    expect(result.held).toEqual([{ symbol: PAUSED, ...HELD }]);
    expect({ looks: told.looks, isContinued }).toEqual({ looks: 7, isContinued: false });
  });
});
