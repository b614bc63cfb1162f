import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { latchOf } from '../../activities/control/latch.ts';
import { via } from '../../contracts/audit.ts';
import { agentsSchema } from '../../contracts/config/agents.ts';
import type { ReconcileReport, TradingControlState } from '../../contracts/control.ts';
import { legId } from '../../contracts/leg-ids.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import {
  orderWorkflowId,
  planWorkflowId,
  protectWorkflowId,
  reconcileScheduleId,
  TRADING_CONTROL_ID,
} from '../../contracts/workflow-ids.ts';
import { decimal, floorToStep, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { haltTrading } from '../../trading/control/halt.ts';
import { ensureRounds } from '../../workers/rounds.ts';
import { silent, until } from '../paper-exchange/harness.ts';
import { signedCall } from '../paper-exchange/signing.ts';
import { fenced, leg, planLegs, sending, terms } from '../support/books.ts';
import { type Plain } from '../support/plain.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

const SYMBOL = 'BTC/USDT';

let environment: TestWorkflowEnvironment;
let rig: Rig;

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());
afterEach(async () => {
  const replayed = await replayThenClose(rig);
  for (const id of [TRADING_CONTROL_ID, protectWorkflowId('main', SYMBOL)]) await end(id);
  expect(replayed.map(({ workflowType }) => workflowType)).toContain('reconcile');
});

async function end(workflowId: string): Promise<void> {
  const handle = environment.client.workflow.getHandle(workflowId);
  await handle.terminate('by the test').catch(() => undefined);
}

async function open(configuration: Record<string, unknown> = { protection: { enabled: false } }): Promise<Rig> {
  rig = await startRig(environment, { configuration });
  // The stop's workflow answers before anything is asked of it.
  await control().executeUpdate<TradingControlState, []>('settled', { args: [] });
  return rig;
}

async function reconcile(): Promise<ReconcileReport> {
  const handle = await rig.start('reconcile', `reconcile/${randomUUID()}`, 'main');
  return (await handle.result()) as ReconcileReport;
}

const missing = async () =>
  (await rig.journal.incidents.list({ limit: 10 })).filter(({ code }) => code === 'workflow.missing');

/** In the books alone: nobody is told. */
const raiseHalt = () =>
  rig.journal.control.raiseHalt({
    account: 'main',
    reason: 'test',
    by: 'ann',
    requestId: randomUUID(),
    via: via.system('test'),
  });

const control = () => environment.client.workflow.getHandle(TRADING_CONTROL_ID);
const status = async (workflowId: string): Promise<string> =>
  (await environment.client.workflow.getHandle(workflowId).describe()).status.name;

/** A buy of ours that takes at once, or rests far below the market. */
async function legOf(changes: Plain<Partial<OrderLeg>> = {}): Promise<OrderLeg> {
  const { ask } = await rig.trading.touch(SYMBOL);
  const limitPrice = text(floorToStep(decimal(ask).times('1.01'), decimal('0.01')));
  const cycleId = `cycle/test/${randomUUID()}`;
  return leg({
    legId: legId('main', tagged(cycleId), SYMBOL, 0, 'open'),
    cycleId,
    quantity: '0.002',
    limitPrice,
    ...changes,
  });
}

const resting = { limitPrice: '30000', timeInForce: 'GTC' } as const;

/** Past the fence and at the exchange, with nobody who follows it. */
async function send(order: OrderLeg): Promise<string> {
  await planLegs(rig.journal, order);
  const timestamp = await rig.trading.exchangeTime();
  const fence = await rig.journal.intents.openFence(order, terms(order), sending(timestamp));
  if (!fence.passed) throw new Error(`${fence.code}: ${fence.value}`);
  const { intentId } = fence.intent;
  await rig.trading.place(fence.order);
  return intentId;
}

async function foreignOrder(changes: Record<string, string>): Promise<void> {
  const account = await rig.exchange.account('main', {});
  const { body } = await signedCall(account, 'POST', '/order', { symbol: 'BTCUSDT', side: 'BUY', ...changes });
  expect(body).toHaveProperty('orderId');
}

describe('a look at books and exchange', () => {
  it('agrees after a cycle, and says so in the books', async () => {
    await open();
    await (await rig.start('tradingCycle', `cycle/reconcile/${randomUUID()}`, {})).result();
    const report = await reconcile();
    expect(report).toMatchObject({
      clean: true,
      compared: true,
      differences: [],
      adopted: [],
      started: [],
      halted: false,
    });
    expect(await rig.journal.exchange.lastReconciliation('main')).toMatchObject({ differences: [], stable: 0 });
    await expectBooksEqualExchange(rig);
  });

  it('counts dust as held', async () => {
    await open();
    await (await rig.start('tradingCycle', `cycle/reconcile/${randomUUID()}`, {})).result();
    await control().signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'r1', flatten: true });
    await expect
      .poll(async () => (await rig.journal.ledger.positions('main'))[0]?.quantity, { timeout: 15_000 })
      .toBe('0');
    expect(await reconcile()).toMatchObject({ clean: true });
    const resumed = control().executeUpdate<TradingControlState, [unknown]>('resume', {
      args: [{ reason: 'x', by: 'me', expectedEpoch: 1 }],
    });
    expect(await resumed).toMatchObject({ halted: false });
  });

  it('halts when it has seen the same difference three times in a row, and once only', async () => {
    await open();
    await rig.exchange.admin('POST', '/admin/deposits', { name: 'main', asset: 'BTC', amount: '0.5' });
    const difference = 'BTC: booked 0, at the exchange 0.5';
    expect(await reconcile()).toMatchObject({ clean: false, differences: [difference], stable: 1, halted: false });
    expect(await reconcile()).toMatchObject({ stable: 2, halted: false });
    expect(await rig.journal.control.read('main')).toMatchObject({ tradingState: 'active', epoch: 0 });
    expect(await reconcile()).toMatchObject({ stable: 3, halted: true });
    expect(await rig.journal.control.read('main')).toMatchObject({
      tradingState: 'halted',
      epoch: 1,
      reason: difference,
      changedBy: 'reconcile',
    });
    await expect.poll(async () => (await control().query<TradingControlState>('state')).quiet).toBe(true);
    expect(await reconcile()).toMatchObject({ stable: 4 });
    expect((await rig.journal.control.read('main')).epoch).toBe(1);
    const events = await rig.journal.outbox.after(0, 1_000);
    expect(events.filter(({ kind }) => kind === 'books.differed')).toHaveLength(1);
  });

  it('halts on a difference that stays the same while the account trades, beside one that does not', async () => {
    await open();
    const reports: ReconcileReport[] = [];
    for (const [look, more] of ['0.25', '0.125', '0.5'].entries()) {
      await rig.exchange.admin('POST', '/admin/deposits', {
        name: 'main',
        asset: 'BTC',
        amount: look === 0 ? '0.75' : more,
      });
      await rig.exchange.admin('POST', '/admin/deposits', { name: 'main', asset: 'USDT', amount: '1' });
      const both = { reference: `both-${look}`, account: 'main', asset: 'BTC', symbol: SYMBOL };
      await rig.journal.ledger.transfer({ ...both, amount: more, value: '1', at: Date.now() });
      reports.push(await reconcile());
    }
    expect(reports.map(({ stable, halted }) => [stable, halted])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(reports[2]?.differences).toEqual([
      'BTC: booked 0.875, at the exchange 1.375',
      expect.stringMatching(/^USDT: booked/),
    ]);
    expect((await rig.journal.control.read('main')).reason).toBe(reports[2]?.differences.join('; '));
  });

  it('forgets a difference that is gone', async () => {
    await open();
    await rig.exchange.admin('POST', '/admin/deposits', { name: 'main', asset: 'USDT', amount: '5' });
    expect(await reconcile()).toMatchObject({ stable: 1 });
    const transfer = { reference: 'd1', account: 'main', asset: 'USDT', amount: '5', value: '5', at: Date.now() };
    await rig.journal.ledger.transfer(transfer);
    expect(await reconcile()).toMatchObject({ clean: true, stable: 0 });
  });

  it('halts at once on an order that is not ours, and leaves its cancelling to the stop', async () => {
    await open();
    await foreignOrder({
      type: 'LIMIT',
      timeInForce: 'GTC',
      price: '30000.00',
      quantity: '0.001',
      newClientOrderId: 'by-hand',
    });
    const report = await reconcile();
    expect(report).toMatchObject({ halted: true, differences: [`order by-hand on ${SYMBOL} is not ours`] });
    const quiet = await until(async () => {
      const state = await control().query<TradingControlState>('state');
      return state.quiet ? state : undefined;
    });
    expect(quiet).toMatchObject({ halted: true, epoch: 1, cancelled: [{ intentId: 'by-hand' }] });
  });

  it('halts at once on a trade that is not ours', async () => {
    await open();
    expect(await reconcile()).toMatchObject({ clean: true });
    await foreignOrder({ type: 'MARKET', quantity: '0.001' });
    await reconcile();
    expect(await rig.journal.control.read('main')).toMatchObject({ tradingState: 'halted', changedBy: 'ingestor' });
    expect((await rig.journal.control.read('main')).reason).toMatch(/is of no order of ours/);
  });
});

describe('what nobody follows', () => {
  it('books a fill whose answer was lost, and ends its order', async () => {
    await open();
    expect(await reconcile()).toMatchObject({ clean: true });
    const intentId = await send(await legOf());
    const report = await reconcile();
    expect(report.clean).toBe(true);
    expect(await rig.journal.intents.find(tagged(intentId))).toMatchObject({
      state: 'filled',
      filledQuantity: '0.002',
    });
    await expectBooksEqualExchange(rig);
  });

  it('gives an order that rests its workflow back', async () => {
    await open();
    const order = await legOf({ ...resting, restMs: 60_000 });
    const intentId = await send(order);
    expect(await reconcile()).toMatchObject({
      adopted: [intentId],
      started: [orderWorkflowId(order.legId)],
      cancelled: [],
    });
    expect(await status(orderWorkflowId(order.legId))).toBe('RUNNING');
    // The second look finds it followed.
    expect(await reconcile()).toMatchObject({ adopted: [], started: [] });
    const handle = environment.client.workflow.getHandle(orderWorkflowId(order.legId));
    await raiseHalt();
    await handle.signal('halt', { epoch: 1, reason: 'test' });
    expect(await handle.result()).toMatchObject({ state: 'canceled' });
    await expectBooksEqualExchange(rig);
  });

  it('starts an order workflow again that somebody terminated', async () => {
    await open();
    const order = await legOf({ ...resting, restMs: 60_000 });
    await planLegs(rig.journal, order);
    const handle = await rig.start('executeOrder', orderWorkflowId(order.legId), order);
    await until(async () => ((await rig.trading.openOrders()).length > 0 ? true : undefined));
    await handle.terminate('by hand');
    expect(await reconcile()).toMatchObject({ started: [orderWorkflowId(order.legId)] });
    const again = environment.client.workflow.getHandle(orderWorkflowId(order.legId));
    await raiseHalt();
    await again.signal('halt', { epoch: 1, reason: 'test' });
    expect(await again.result()).toMatchObject({ state: 'canceled' });
    expect((await rig.journal.intents.ofLeg(order.legId)).length).toBe(1);
    await expectBooksEqualExchange(rig);
  });

  it('cancels an order with our prefix that no intent stands for', async () => {
    await open();
    const order = await legOf({ ...resting, restMs: 60_000 });
    await rig.trading.place(fenced(order, 'sphorphan-1', await rig.trading.exchangeTime()));
    const report = await reconcile();
    expect(report).toMatchObject({
      cancelled: [{ intentId: 'sphorphan-1' }],
      differences: [`order sphorphan-1 on ${SYMBOL} was open without an intent`],
      halted: false,
    });
    expect(await rig.trading.openOrders()).toEqual([]);
    expect(await reconcile()).toMatchObject({ clean: true });
  });

  it('cancels an order that the books call ended', async () => {
    await open();
    const intentId = await send(await legOf({ ...resting, restMs: 60_000 }));
    await rig.journal.intents.report({ intentId: tagged(intentId), state: 'void', fills: [] });
    expect(await reconcile()).toMatchObject({
      cancelled: [{ intentId }],
      differences: [`order ${intentId} on ${SYMBOL} was open though the books say void`],
    });
    expect(await rig.trading.openOrders()).toEqual([]);
  });

  it('starts a plan that was made and never worked', async () => {
    await open({ symbols: [SYMBOL, 'ETH/USDT'], protection: { enabled: false } });
    const cycleId = `cycle/test/${randomUUID()}`;
    const legs = [0, 1].map((index) => legId('main', tagged(cycleId), SYMBOL, index, 'open'));
    const [one, two] = await Promise.all(legs.map((id) => legOf({ cycleId: tagged(cycleId), legId: id })));
    if (!one || !two) throw new Error('two legs');
    await planLegs(rig.journal, one, two);
    expect((await reconcile()).started).toEqual([]);

    const later = Date.now() + 90_000;
    const [plan] = await rig.journal.cycles.unsettledPlans('main', later);
    expect(plan?.cycleId).toBe(cycleId);
    const report = await at(later, reconcile);
    expect(report.started).toEqual([planWorkflowId(tagged(cycleId))]);
    const result = await environment.client.workflow.getHandle(planWorkflowId(tagged(cycleId))).result();
    expect(result).toMatchObject({ end: 'done' });
    expect(await rig.journal.cycles.unsettledPlans('main', later)).toEqual([]);
    await expectBooksEqualExchange(rig);
  });

  it('writes the record of a cycle that was ended before it could, from the books, and once', async () => {
    const post = { style: 'post_only', restSeconds: 600 };
    await open({ protection: { enabled: false }, execution: post });
    const cycleId = `cycle/reconcile/${randomUUID()}`;
    const handle = await rig.start('tradingCycle', cycleId, {});
    await until(async () => ((await rig.trading.openOrders()).length > 0 ? true : undefined));
    await reconcile();
    await handle.terminate('as if its time were over');
    await reconcile();
    expect(await rig.journal.cycles.find(tagged(cycleId))).toBeUndefined();
    const later = Date.now() + 11_000;
    const record = await until(async () => {
      await at(later, reconcile);
      return rig.journal.cycles.find(tagged(cycleId));
    });
    // The market may have come to the order's price meanwhile.
    expect(record).toMatchObject({
      account: 'main',
      mode: 'paper',
      epoch: 0,
      outcome: 'DEGRADED',
      summary: expect.stringMatching(
        /^cut short: it ended as terminated and left no record; buy \S+ BTC\/USDT (accepted|partially_filled|filled)$/,
      ),
      orders: [{ symbol: SYMBOL, side: 'buy' }],
    });
    const filled = record.fills.reduce((sum, { quantity }) => sum.plus(decimal(quantity)), decimal('0'));
    expect(record.orders[0]?.filledQuantity).toBe(text(filled));
    await at(later + 30_000, reconcile);
    expect(await rig.journal.cycles.list('main', 10)).toEqual([record]);
    await raiseHalt();
    for (const { legId: id } of await rig.journal.intents.listOpen('main'))
      await environment.client.workflow.getHandle(orderWorkflowId(id)).signal('halt', { epoch: 1, reason: 'test' });
    await until(async () => ((await rig.trading.openOrders()).length === 0 ? true : undefined));
  });

  it('starts protective exits that are missing', async () => {
    await open({ protection: { stopLoss: 0.2 } });
    await (await rig.start('tradingCycle', `cycle/reconcile/${randomUUID()}`, {})).result();
    const workflowId = protectWorkflowId('main', SYMBOL);
    expect((await reconcile()).started).toEqual([workflowId]);
    expect(await status(workflowId)).toBe('RUNNING');
    // A new holding: nobody has failed to start its exits yet.
    expect(await missing()).toEqual([]);
    expect((await reconcile()).started).toEqual([]);
    // However new it is: exits do not end so by themselves.
    await end(workflowId);
    expect((await reconcile()).started).toEqual([workflowId]);
    expect(await missing()).toHaveLength(1);
  });

  it('tells of exits that had gone, though they run again, and ends the incident with the next look', async () => {
    await open({ protection: { stopLoss: 0.2 } });
    await (await rig.start('tradingCycle', `cycle/reconcile/${randomUUID()}`, {})).result();
    const workflowId = protectWorkflowId('main', SYMBOL);
    // What the test before this one left is over with the second look.
    await reconcile();
    await reconcile();
    await end(workflowId);
    const later = Date.now() + 31_000;
    expect((await at(later, reconcile)).started).toEqual([workflowId]);
    expect((await missing())[0]).toMatchObject({
      component: 'workflows/main',
      detail: `did not run, and should have: ${workflowId}`,
      detectedBy: 'reconcile',
      actions: [{ action: 'reconcile', outcome: 'done' }],
    });
    expect((await missing())[0]?.recoveredAt).toBeUndefined();
    await at(later + 30_000, reconcile);
    expect((await missing())[0]).toMatchObject({ recoveredBy: 'reconcile', recoveredAt: expect.any(Number) });
  });
});

describe('what stops need', () => {
  it('has the latch again that somebody has terminated, with the halt that stands in the books, and tells of it', async () => {
    await open();
    await rig.journal.control.raiseHalt({ requestId: 'by-hand/1', account: 'main', reason: 'a stop', by: 'me' });
    await end(TRADING_CONTROL_ID);
    expect((await reconcile()).started).toEqual([TRADING_CONTROL_ID]);
    await expect
      .poll(() => control().query<TradingControlState>('state'))
      .toMatchObject({ halted: true, quiet: true, reason: 'a stop' });
    expect(await missing()).toMatchObject([{ detail: expect.stringContaining(TRADING_CONTROL_ID) }]);
    expect((await reconcile()).started).toEqual([]);
  });

  it('tells of schedules that were gone, its own and those of health among them', async () => {
    const gone = ['health/main'];
    rig = await startRig(environment, { restoreSchedules: async () => gone.splice(0) });
    expect((await reconcile()).started).toEqual(['health/main']);
    expect(await missing()).toMatchObject([{ detail: 'did not run, and should have: health/main' }]);
    expect((await reconcile()).started).toEqual([]);
  });
});

describe('the schedule', () => {
  it('looks at once, and is made once', async () => {
    await open();
    const { client } = environment;
    const rounds = {
      account: 'main',
      mode: 'paper',
      warehouse: { exportSeconds: 60 },
      agents: agentsSchema.parse({}),
    } as const;
    await ensureRounds(client, rounds, 1, TaskQueue.control);
    await ensureRounds(client, rounds, 1, TaskQueue.control);
    const handle = client.schedule.getHandle(reconcileScheduleId('main'));
    await expect
      .poll(() => rig.journal.exchange.lastReconciliation('main'), { timeout: 15_000 })
      .toMatchObject({ differences: [] });
    expect((await handle.describe()).spec.intervals).toMatchObject([{ every: 30_000 }]);
    await handle.delete();
    await reconcile();
  });
});

describe('a halt from within', () => {
  it('is finished when it reached only the journal, and leaves another stop alone', async () => {
    await open();
    await reconcile();
    const dependencies = { journal: rig.journal, latch: latchOf(environment.client, 'main'), logger: silent };
    const cause = { account: 'main', key: 'test/1', reason: 'seen from within', by: 'ingestor' } as const;
    await rig.journal.control.raiseHalt({ ...cause, requestId: 'test/1/0' });
    expect(await control().query<TradingControlState>('state')).toMatchObject({ halted: false });
    expect(await haltTrading(dependencies, cause)).toBe(true);
    await expect.poll(() => control().query<TradingControlState>('state')).toMatchObject({ quiet: true, epoch: 1 });
    expect(await haltTrading(dependencies, { ...cause, key: 'test/2', reason: 'another' })).toBe(false);
    expect((await rig.journal.control.read('main')).epoch).toBe(1);
  });

  it('is a new stop after a resume, for the same cause', async () => {
    await open();
    await reconcile();
    const dependencies = { journal: rig.journal, latch: latchOf(environment.client, 'main'), logger: silent };
    const cause = { account: 'main', key: 'test/1', reason: 'seen from within', by: 'ingestor' } as const;
    await haltTrading(dependencies, cause);
    await expect.poll(() => control().query<TradingControlState>('state')).toMatchObject({ quiet: true, epoch: 1 });
    await control().executeUpdate<TradingControlState, [unknown]>('resume', {
      args: [{ reason: 'x', by: 'me', expectedEpoch: 1 }],
    });
    expect(await haltTrading(dependencies, cause)).toBe(true);
    expect(await rig.journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 3 });
  });
});

/** The activities' clock, moved for as long as the work goes on. */
async function at<T>(now: number, work: () => Promise<T>): Promise<T> {
  const real = Date.now;
  const offset = now - real();
  Date.now = () => real() + offset;
  try {
    return await work();
  } finally {
    Date.now = real;
  }
}
