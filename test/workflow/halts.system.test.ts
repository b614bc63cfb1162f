import { CancelledFailure, Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { leg } from '../support/books.ts';
import { startDevServer } from '../support/temporal.ts';
import { startWorkflowRig, type WorkflowRig } from '../support/workflow-rig.ts';

let environment: TestWorkflowEnvironment;
let rig: WorkflowRig;
/** What the books say. */
let epoch = 1;
let asked = 0;
let isAway = false;

async function lasting(): Promise<never> {
  const context = Context.current();
  for (;;) {
    context.heartbeat();
    if (context.cancellationSignal.aborted) throw new CancelledFailure('cancelled');
    await context.sleep(100).catch(() => undefined);
  }
}

const order = leg({ legId: 'sph-order', timeInForce: 'GTC', restMs: 600_000, epoch: 1 });
const progressOf = (state: string) => ({
  working: state === 'accepted',
  result: { state, filledQuantity: '0', detail: '' },
});

beforeAll(async () => {
  environment = await startDevServer();
  rig = await startWorkflowRig(environment, {
    currentEpoch: async () => {
      asked += 1;
      if (isAway) throw new Error('the journal is away');
      await Context.current().sleep(200);
      return epoch;
    },
    placeOrder: async () => ({ ...progressOf('accepted'), restUntil: Date.now() + 600_000 }),
    awaitFill: lasting,
    cancelOrder: async () => progressOf('canceled'),
    openCycle: async () => ({
      maxLatenessMs: 86_400_000,
      epoch: 1,
      mode: 'paper',
      account: 'main',
      symbols: ['BTC/USDT'],
      endsAt: Date.now() + 600_000,
    }),
    takeSnapshot: lasting,
    recordCycle: async () => undefined,
  });
});
afterEach(() => {
  [epoch, asked, isAway] = [1, 0, false];
});
afterAll(async () => {
  expect((await rig.close()).length).toBeGreaterThan(0);
  await environment.teardown();
});

const status = async (handle: WorkflowHandle) => (await handle.describe()).status.name;
const tell = (handle: WorkflowHandle, times = 1) =>
  Promise.all(Array.from({ length: times }, () => handle.signal('halt', { epoch: 9, reason: 'says a stranger' })));

describe.each([
  ['executeOrder', order, { state: 'canceled' }],
  ['tradingCycle', {}, { outcome: 'HALTED' }],
])('%s', (workflowType, input, end) => {
  it('goes on where the books know of no halt, and asks them a few times for many signals', async () => {
    const handle = await rig.start(workflowType, input);
    await tell(handle, 50);
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await status(handle)).toBe('RUNNING');
    expect(asked).toBeLessThan(20);
  });

  it('stops where they do', async () => {
    const handle = await rig.start(workflowType, input);
    await tell(handle);
    await expect.poll(() => asked, { timeout: 10_000 }).toBe(1);
    epoch = 2;
    await tell(handle);
    expect(await handle.result()).toMatchObject(end);
  });

  it('stops as soon as they answer', async () => {
    [isAway, epoch] = [true, 2];
    const handle = await rig.start(workflowType, input);
    await tell(handle);
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(2);
    expect(await status(handle)).toBe('RUNNING');
    isAway = false;
    expect(await handle.result()).toMatchObject(end);
  });
});
