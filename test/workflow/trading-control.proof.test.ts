import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TradingControlState } from '../../contracts/control.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { flattenWorkflowId, orderWorkflowId, TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { awaitTradingControl } from '../../workers/trading-control.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { fenced, leg, planLegs } from '../support/books.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
let rig: Rig;

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());
afterEach(async () => {
  await rig.replayAll();
  await rig.close();
  await environment.client.workflow.getHandle(TRADING_CONTROL_ID).terminate('end of the test');
});

const control = () => environment.client.workflow.getHandle(TRADING_CONTROL_ID);
const state = () => control().query<TradingControlState>('state');

async function until(check: (state: TradingControlState) => boolean): Promise<TradingControlState> {
  for (;;) {
    const current = await state();
    if (check(current)) return current;
    await sleep(50);
  }
}

/** An order of ours that rests at the exchange, far from the market. */
async function restingOrder({ trading }: Rig): Promise<void> {
  const resting = leg({ legId: 'sphresting', limitPrice: '30000', timeInForce: 'GTC', restMs: 60_000 });
  await trading.place(fenced(resting, 'sphresting-1', await trading.exchangeTime()));
}

describe('an emergency stop', () => {
  it('fences, cancels what rests, and ends quiet', async () => {
    rig = await startRig(environment);
    await restingOrder(rig);
    await control().signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'r1' });
    const quiet = await until((current) => current.quiet);
    expect(quiet).toMatchObject({
      halted: true,
      fenced: true,
      epoch: 1,
      reason: 'test',
      by: 'me',
      cancelled: [{ intentId: 'sphresting-1' }],
      remaining: [],
    });
    expect(await rig.trading.openOrders()).toEqual([]);
    expect(await rig.journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1 });
  });

  it('stands in the audit trail by whom it was sent, and so does its resume', async () => {
    rig = await startRig(environment);
    const { identity } = environment.client.options;
    await control().signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'r1' });
    await control().signal('emergencyStop', 'a bare word');
    await until((current) => current.quiet && current.epoch === 2);
    await control().executeUpdate<TradingControlState, [unknown]>('resume', {
      args: [{ reason: 'x', by: 'me', expectedEpoch: 2 }],
    });
    const entries = await rig.journal.audit.after(0, 100);
    expect(entries.filter(({ kind }) => /^trading\.(halted|resumed)$/.test(kind))).toMatchObject([
      { reason: 'test', by: 'me', via: `temporal:${identity}` },
      { reason: 'a bare word', by: 'unknown', via: `temporal:${identity}` },
      { reason: 'x', by: 'me', via: `temporal:${identity}` },
    ]);
  });

  it('is one stop, however often it is sent', async () => {
    rig = await startRig(environment);
    await Promise.all(
      Array.from({ length: 20 }, () =>
        control().signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'same' }),
      ),
    );
    expect((await until((current) => current.quiet)).epoch).toBe(1);
    expect((await rig.journal.control.read('main')).epoch).toBe(1);
  });

  it('is accepted with no worker up and comes before any order once one is', async () => {
    const { client } = environment;
    await client.workflow.start('tradingControl', {
      workflowId: TRADING_CONTROL_ID,
      taskQueue: TaskQueue.control,
      args: [{}],
    });
    await control().signal('emergencyStop', { reason: 'nobody home', by: 'me' });
    rig = await startRig(environment);
    const settled = await control().executeUpdate<TradingControlState, []>('settled', { args: [] });
    expect(settled).toMatchObject({ halted: true, fenced: true, epoch: 1, reason: 'nobody home' });
  });

  it('that only reached the journal, with Temporal away, is carried out as soon as it is back', async () => {
    rig = await startRig(environment);
    await control().executeUpdate<TradingControlState, []>('settled', { args: [] });
    await restingOrder(rig);
    await rig.journal.control.raiseHalt({ requestId: 'cli', account: 'main', reason: 'no server', by: 'ann' });
    expect(await state()).toMatchObject({ halted: false });
    const settled = await control().executeUpdate<TradingControlState, []>('settled', { args: [] });
    expect(settled).toMatchObject({
      halted: true,
      quiet: true,
      reason: 'no server',
      by: 'ann',
      cancelled: [{ intentId: 'sphresting-1' }],
    });
    expect(await rig.trading.openOrders()).toEqual([]);
    const { epoch } = await control().executeUpdate<TradingControlState, []>('settled', { args: [] });
    expect(epoch).toBe(settled.epoch);
    expect(
      await control().executeUpdate<TradingControlState, [unknown]>('resume', {
        args: [{ reason: 'x', by: 'me', expectedEpoch: settled.epoch }],
      }),
    ).toMatchObject({ halted: false });
  });

  it('cancels an order that rests, and its workflow books the end', async () => {
    rig = await startRig(environment);
    const resting = leg({ limitPrice: '30000', timeInForce: 'GTC', restMs: 60_000 });
    await planLegs(rig.journal, resting);
    const handle = await rig.start('executeOrder', orderWorkflowId(resting.legId), resting);
    while ((await rig.trading.openOrders()).length === 0) await sleep(50);
    await control().signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'r1' });
    expect(await handle.result()).toMatchObject({ state: 'canceled', filledQuantity: '0' });
    expect(await until((current) => current.quiet)).toMatchObject({ remaining: [] });
    expect(await rig.journal.intents.listOpen('main')).toEqual([]);
    expect(await rig.journal.ledger.balances('main')).toMatchObject([{ asset: 'USDT', free: '10000', reserved: '0' }]);
  });

  it('ends a cycle whose order is on its way as halted, with the order followed to its fill', async () => {
    rig = await startRig(environment);
    const fault = { kind: 'delay', method: 'POST', path: '/api/v3/order', delayMs: 1_500, when: 'after', count: 1 };
    await rig.exchange.admin('POST', '/admin/faults', fault);
    const cycleId = `cycle/halt/${randomUUID()}`;
    const handle = await rig.start('tradingCycle', cycleId, {});
    while ((await rig.journal.intents.listOpen('main')).length === 0) await sleep(20);
    await control().signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'r1' });
    expect(await handle.result()).toMatchObject({ outcome: 'HALTED' });
    expect(await rig.journal.cycles.find(tagged(cycleId))).toMatchObject({
      orders: [{ state: 'filled' }],
      fills: [{ side: 'buy' }],
    });
    expect(await until((current) => current.quiet)).toMatchObject({ remaining: [] });
    expect((await rig.journal.ledger.balances('main')).map(({ reserved }) => reserved)).toEqual(['0', '0']);
  });

  it('ends a cycle that is under way as halted, with nothing sent', async () => {
    rig = await startRig(environment);
    await rig.exchange.admin('POST', '/admin/faults', {
      kind: 'delay',
      method: 'GET',
      path: '/api/v3/depth',
      delayMs: 3_000,
      count: 1,
    });
    const handle = await rig.start('tradingCycle', `cycle/halt/${randomUUID()}`, {});
    await sleep(500);
    await control().signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'r1' });
    expect(await handle.result()).toMatchObject({ outcome: 'HALTED' });
    await until((current) => current.quiet);
    expect(await rig.journal.intents.list('main', 10)).toEqual([]);
  });
});

describe('a stop that flattens', () => {
  it('sells what is held once it is quiet, keeps the dust, and says so', async () => {
    rig = await startRig(environment);
    await (await rig.start('tradingCycle', `cycle/flat/${randomUUID()}`, {})).result();
    await control().signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'r1', flatten: true });
    const { epoch } = await until((current) => current.quiet);
    const handle = environment.client.workflow.getHandle(flattenWorkflowId('main', epoch));
    await expect
      .poll(() => handle.result().catch(() => undefined), { timeout: 15_000 })
      .toMatchObject({
        sold: [{ symbol: 'BTC/USDT' }],
        held: [],
      });
    const [position] = await rig.journal.ledger.positions('main');
    expect(position).toMatchObject({ quantity: '0' });
    await expectBooksEqualExchange(rig);
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, await handle.fetchHistory());
  });

  it('may follow a stop that did not, and sells only then', async () => {
    rig = await startRig(environment);
    await (await rig.start('tradingCycle', `cycle/flat/${randomUUID()}`, {})).result();
    await control().signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'r1' });
    await until((current) => current.quiet);
    const held = (await rig.journal.ledger.positions('main'))[0]?.quantity;
    expect(Number(held)).toBeGreaterThan(0);
    await control().signal('emergencyStop', { reason: 'sell', by: 'me', requestId: 'r2', flatten: true });
    const { epoch } = await until((current) => current.quiet && current.reason === 'sell');
    const handle = environment.client.workflow.getHandle(flattenWorkflowId('main', epoch));
    await expect.poll(() => handle.result().catch(() => undefined), { timeout: 15_000 }).toMatchObject({ held: [] });
    await expectBooksEqualExchange(rig);
  });
});

describe('a resume', () => {
  const resume = (args: unknown) => control().executeUpdate<TradingControlState, [unknown]>('resume', { args: [args] });

  it('is refused while trading is not halted, and without reason and name', async () => {
    rig = await startRig(environment);
    await control().executeUpdate('settled');
    await expect(resume({ reason: 'x', by: 'me', expectedEpoch: 0 })).rejects.toMatchObject({
      cause: { message: 'trading is not halted' },
    });
    await control().signal('emergencyStop', { reason: 'test', by: 'me' });
    await until((current) => current.quiet);
    await expect(resume({ reason: '', by: 'me', expectedEpoch: 1 })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('a reason needs at least one printable character') },
    });
    expect(await resume({ reason: 'all is well', by: 'me', expectedEpoch: 1 })).toMatchObject({
      halted: false,
      epoch: 2,
    });
  });

  it('is refused while the exchange holds what the books do not', async () => {
    rig = await startRig(environment);
    await control().signal('emergencyStop', { reason: 'test', by: 'me' });
    await until((current) => current.quiet);
    await rig.exchange.admin('POST', '/admin/deposits', { name: 'main', asset: 'BTC', amount: '0.5' });
    await expect(resume({ reason: 'x', by: 'me', expectedEpoch: 1 })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('BTC: booked 0, at the exchange 0.5') },
    });
    expect(await state()).toMatchObject({ halted: true });
  });
});

it('lets no worker begin that keeps other books', async () => {
  rig = await startRig(environment);
  const silent = pino({ level: 'silent' });
  await awaitTradingControl(rig.client, rig.journal.id, silent);
  await expect(awaitTradingControl(rig.client, randomUUID(), silent)).rejects.toThrow(/keeps other books/);
});
