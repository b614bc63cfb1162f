import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runsOn } from '../../activities/reconcile/missing.ts';
import type { FlattenResult } from '../../contracts/control.ts';
import { legId } from '../../contracts/leg-ids.ts';
import { flattenWorkflowId, orderWorkflowId } from '../../contracts/workflow-ids.ts';
import { decimal, floorToStep, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { settleIntent } from '../../trading/execute/settle.ts';
import { startMissingFlatten } from '../../trading/reconcile/missing.ts';
import { until } from '../paper-exchange/harness.ts';
import { leg, planLegs } from '../support/books.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

const SYMBOL = 'BTC/USDT';

let environment: TestWorkflowEnvironment;
let rig: Rig;

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());
beforeEach(async () => {
  rig = await startRig(environment, { configuration: { protection: { enabled: false } }, withControl: false });
});
afterEach(async () => {
  try {
    await rig.replayAll();
  } finally {
    await rig.close();
  }
});

/** A buy of ours that rests far below the market, planned and in the hands of its workflow. */
async function startResting(changes: Partial<OrderLeg> = {}): Promise<{ order: OrderLeg; handle: WorkflowHandle }> {
  const cycleId = `cycle/test/${randomUUID()}`;
  const id = legId('main', tagged(cycleId), SYMBOL, 0, 'open');
  const resting = { limitPrice: '30000', timeInForce: 'GTC', restMs: 60_000, quantity: '0.002' } as const;
  const order = leg({ legId: id, cycleId, ...resting, ...changes });
  await planLegs(rig.journal, order);
  const handle = await rig.start('executeOrder', orderWorkflowId(order.legId), order);
  return { order, handle };
}

const isOpen = () => until(async () => ((await rig.trading.openOrders()).length > 0 ? true : undefined));

describe('an order whose workflow somebody cancels', () => {
  it('is cancelled at the exchange, and its end stands in the books', async () => {
    const { order, handle } = await startResting();
    await isOpen();
    await handle.cancel();
    const result = await handle.result().catch((error: unknown) => error);
    expect(await rig.trading.openOrders()).toEqual([]);
    expect(result).toMatchObject({ state: 'canceled' });
    expect(await rig.journal.intents.ofLeg(order.legId)).toMatchObject([{ state: 'canceled' }]);
    expect((await rig.journal.ledger.balances('main')).map(({ reserved }) => reserved)).toEqual(['0']);
    await expectBooksEqualExchange(rig);
  });

  it('sends nothing more of it: the capital of what was not sent is given back', async () => {
    const { order, handle } = await startResting({ working: { style: 'chase', submissions: 3 } });
    await isOpen();
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ state: 'void', filledQuantity: '0' });
    expect(await rig.trading.openOrders()).toEqual([]);
    expect((await rig.journal.intents.ofLeg(order.legId)).map(({ state }) => state)).toEqual(['canceled', 'void']);
    expect((await rig.journal.ledger.balances('main')).map(({ reserved }) => reserved)).toEqual(['0']);
  });
});

describe('a selling', () => {
  let sellings = 0;
  /** Something held that can be sold, and every order of its selling in the hands of the test: the exchange takes none. */
  async function startSelling(): Promise<WorkflowHandle> {
    const { ask } = await rig.trading.touch(SYMBOL);
    const limitPrice = text(floorToStep(decimal(ask).times('1.01'), decimal('0.01')));
    const { handle } = await startResting({ limitPrice: tagged(limitPrice), timeInForce: 'IOC', type: 'limit' });
    expect(await handle.result()).toMatchObject({ state: 'filled' });
    // One server sees all tests: each has an epoch, and with it workflows, of its own.
    sellings += 1;
    for (let halt = 1; halt <= sellings; halt += 1)
      await rig.journal.control.raiseHalt({ requestId: `r${halt}`, account: 'main', reason: 'x', by: 'me' });
    const { epoch } = await rig.journal.control.read('main');
    await rig.exchange.admin('POST', '/admin/faults', { kind: 'server-error', method: 'POST', path: '/api/v3/order' });
    return rig.start('flatten', flattenWorkflowId('main', epoch), 'main', epoch);
  }
  const orderOfSelling = () =>
    until(async () => {
      const [newest] = await rig.journal.intents.list('main', 1);
      return newest?.purpose === 'flatten' ? newest : undefined;
    });

  it.each(['terminate', 'cancel'] as const)(
    'goes on to its end when somebody %ss the workflow of its order',
    async (end) => {
      const handle = await startSelling();
      const { legId: id } = await orderOfSelling();
      await environment.client.workflow.getHandle(orderWorkflowId(id))[end]();
      await rig.exchange.admin('DELETE', '/admin/faults');
      if (end === 'terminate') await settleAsReconciliationDoes();
      const { sold, held } = (await handle.result()) as FlattenResult;
      expect(sold).toMatchObject([{ symbol: SYMBOL }]);
      const orders = (await rig.journal.audit.after(0, 100)).filter(({ kind }) => kind === 'flatten.ordered');
      expect(orders).toMatchObject([{ reason: 'started by hand', via: expect.stringMatching(/^temporal:.+@/) }]);
      expect(held).toEqual([]);
      await expectBooksEqualExchange(rig);
    },
  );

  /** Its look gives what no workflow follows its end. */
  async function settleAsReconciliationDoes(): Promise<void> {
    await until(async () => {
      for (const intent of await rig.journal.intents.listOpen('main'))
        await settleIntent(rig.journal, rig.trading, intent);
      return (await rig.journal.intents.listOpen('main')).length === 0 ? true : undefined;
    });
  }

  it('is started again by reconciliation when somebody terminated it, once', async () => {
    const handle = await startSelling();
    await orderOfSelling();
    const tools = { journal: rig.journal, runs: runsOn(rig.client) };
    expect(await startMissingFlatten(tools, 'main')).toEqual([]);
    await handle.terminate('by hand');
    expect(await startMissingFlatten(tools, 'main')).toEqual([handle.workflowId]);
    expect(await startMissingFlatten(tools, 'main')).toEqual([]);
    await rig.exchange.admin('DELETE', '/admin/faults');
    const again = environment.client.workflow.getHandle<() => Promise<FlattenResult>>(handle.workflowId);
    expect((await again.result()).held).toEqual([]);
    // What came to its own end is not started again, and neither is what was resumed.
    expect(await startMissingFlatten(tools, 'main')).toEqual([]);
    await expectBooksEqualExchange(rig);
  });
});
