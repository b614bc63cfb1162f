import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ReconcileReport, TradingControlState } from '../../contracts/control.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { until } from '../paper-exchange/harness.ts';
import { leg, planLegs, sending, terms } from '../support/books.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
let rig: Rig;
beforeAll(async () => {
  environment = await startDevServer();
  rig = await startRig(environment, { configuration: { protection: { enabled: false } } });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await replayThenClose(rig);
  await environment.teardown();
});

it('an order that the exchange no longer knows ends by the looks alone, and keeps nobody from resuming', async () => {
  const { journal, trading } = rig;
  const control = environment.client.workflow.getHandle(TRADING_CONTROL_ID);
  await control.executeUpdate<TradingControlState, []>('settled', { args: [] });

  // At rest at the exchange, followed by nobody; then gone from every one of its lists.
  const order = leg({ limitPrice: '30000', quantity: '0.002', timeInForce: 'GTC', restMs: 60_000 });
  await planLegs(journal, order);
  const timestamp = await trading.exchangeTime();
  const fence = await journal.intents.openFence(order, terms(order), sending(timestamp));
  if (!fence.passed) throw new Error(fence.code);
  const { intentId } = fence.intent;
  const placed = await trading.place(fence.order);
  await journal.intents.report({ ...placed.order, filledQuantity: tagged('0'), fills: [] });
  await trading.cancel(order.symbol, intentId);
  vi.spyOn(trading, 'findOrder').mockResolvedValue(undefined);
  vi.spyOn(trading, 'orderById').mockResolvedValue(undefined);

  await control.signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'r1' });
  const ended = await until(async () => {
    await sleep(3_000);
    const handle = await rig.start('reconcile', `reconcile/${randomUUID()}`, 'main');
    expect((await handle.result()) as ReconcileReport).toMatchObject({ differences: [] });
    const intent = await journal.intents.find(intentId);
    return intent?.state === 'canceled' ? intent : undefined;
  }, 60_000);
  expect(ended.detail).toBe('the exchange no longer knows it');
  expect((await journal.ledger.balances('main')).map(({ reserved }) => reserved)).toEqual(['0']);

  await expect
    .poll(async () => (await control.query<TradingControlState>('state')).quiet, { timeout: 20_000 })
    .toBe(true);
  const resumed = control.executeUpdate<TradingControlState, [unknown]>('resume', {
    args: [{ reason: 'x', by: 'me', expectedEpoch: 1 }],
  });
  expect(await resumed).toMatchObject({ halted: false });
  await expectBooksEqualExchange(rig);
}, 120_000);
