import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bookOutPosition } from '../../client/controls/book-out.ts';
import type { FlattenResult, ReconcileReport, TradingControlState } from '../../contracts/control.ts';
import type { CycleSummary } from '../../contracts/cycle.ts';
import {
  flattenWorkflowId,
  intentId,
  orderWorkflowId,
  protectWorkflowId,
  TRADING_CONTROL_ID,
} from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { VenueOrderId } from '../../domain/orders/ids.ts';
import { leg, planLegs, sending, terms, trade } from '../support/books.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

/** What an exchange no longer lists, as the paper exchange lists none but its own. */
const GONE = 'GONE/USDT';

let environment: TestWorkflowEnvironment;
let rig: Rig;

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());
beforeEach(async () => {
  rig = await startRig(environment, {
    configuration: { symbols: ['BTC/USDT', GONE], paperBalance: '10000' },
    withIngestor: true,
  });
  await control().executeUpdate<TradingControlState, []>('settled', { args: [] });
});
afterEach(async () => {
  await replayThenClose(rig);
  for (const id of [TRADING_CONTROL_ID, ...['BTC/USDT', GONE].map((symbol) => protectWorkflowId('main', symbol))])
    await environment.client.workflow
      .getHandle(id)
      .terminate('end of the test')
      .catch(() => undefined);
});

const control = () => environment.client.workflow.getHandle(TRADING_CONTROL_ID);

/** Bought while it was listed: 5 of it for 1,000. */
async function hold(): Promise<void> {
  await trade(rig.journal, leg({ symbol: GONE, quantity: '5', limitPrice: '200' }), { filledAt: Date.now() });
  const paths = [
    ['/admin/withdrawals', { name: 'main', asset: 'USDT', amount: '1000' }],
    ['/admin/deposits', { name: 'main', asset: 'GONE', amount: '5' }],
  ] as const;
  for (const [path, body] of paths) expect((await rig.exchange.admin('POST', path, body)).status).toBe(200);
}

const cycle = async () =>
  (await (await rig.start('tradingCycle', `cycle/main/${randomUUID()}`, {})).result()) as CycleSummary;
const reconcile = async () =>
  (await (await rig.start('reconcile', `reconcile/${randomUUID()}`, 'main')).result()) as ReconcileReport;
const held = async () => (await rig.journal.ledger.positions('main')).find(({ symbol }) => symbol === GONE);
const bookOut = () =>
  bookOutPosition(
    {
      reference: 'gone-1',
      account: 'main',
      symbol: GONE,
      value: '0',
      reason: 'delisted',
      by: 'ann',
      via: 'os:ann',
    },
    rig,
  );
const look = async (): Promise<string[]> => {
  await (await rig.start('health', `health/${randomUUID()}`)).result();
  return (await rig.journal.incidents.list({ limit: 50 })).flatMap(({ code, recoveredAt }) =>
    code === 'market.untraded' ? [recoveredAt === undefined ? 'open' : 'over'] : [],
  );
};

describe('a symbol that the exchange no longer lists', () => {
  it('is set aside with an incident while all others are traded, until a person books it out', async () => {
    await hold();
    const { outcome, cycleId } = await cycle();
    expect(outcome).toBe('COMPLETED');
    const record = await rig.journal.cycles.find(cycleId);
    expect(record?.orders).toMatchObject([{ symbol: 'BTC/USDT', side: 'buy', state: 'filled' }]);
    // At its cost, less what the purchase of BTC has cost.
    expect(Number(record?.equity)).toBeGreaterThan(9_990);
    expect(await reconcile()).toMatchObject({ compared: true, clean: true, halted: false });
    expect(await look()).toEqual(['open']);

    const { booked } = await bookOut();
    expect(booked).toMatchObject({ kept: '5', left: '0', realizedPnl: '-1000' });
    expect(await held()).toMatchObject({ quantity: '0', dust: '5' });
    expect(await reconcile()).toMatchObject({ clean: true });
    await expectBooksEqualExchange(rig);
    // Its exits end by themselves.
    const exits = environment.client.workflow.getHandle(protectWorkflowId('main', GONE));
    expect(await exits.result()).toMatchObject({ symbol: GONE, end: 'flat' });
  });

  it.each([
    ['once', { style: 'once' }],
    ['chase', { style: 'chase', submissions: 3 }],
  ] as const)('ends the workflow of an order by %s that rested on it when it is booked out', async (style, working) => {
    await hold();
    const order = leg({
      legId: `sph-gone-${style}`,
      cycleId: `cycle/main/${randomUUID()}`,
      symbol: GONE,
      side: 'sell',
      purpose: 'flatten',
      type: 'post_only',
      timeInForce: 'GTC',
      quantity: '2',
      limitPrice: '210',
      restMs: 500,
      working,
    });
    await planLegs(rig.journal, order);
    await rig.journal.intents.openFence(order, terms(order), sending(Date.now() - 60_000));
    const sent = { intentId: intentId(order.legId, 1), venueOrderId: tagged<VenueOrderId>('77') };
    await rig.journal.intents.report({ ...sent, state: 'accepted', fills: [] });
    const handle = await rig.start('executeOrder', orderWorkflowId(order.legId), order);
    // Until the moment of the look has passed the exchange could still be asked.
    const isInDoubt = async () => {
      const intent = await rig.journal.intents.find(sent.intentId);
      return intent?.state === 'unresolved' && intent.sendBy < Date.now();
    };
    await expect.poll(isInDoubt, { timeout: 20_000 }).toBe(true);
    expect((await bookOut()).booked).toMatchObject({ kept: '5' });
    const end = style === 'once' ? 'canceled' : 'void';
    expect(await handle.result()).toMatchObject({ state: end, filledQuantity: '0' });
    await expectBooksEqualExchange(rig);
  });

  it('does not keep a flattening from selling the others, which ends when it is booked out', async () => {
    await hold();
    await cycle();
    const handle = await rig.start('flatten', flattenWorkflowId('main', 0), 'main', 0);
    const btc = async () => (await rig.journal.ledger.positions('main')).find(({ symbol }) => symbol === 'BTC/USDT');
    await expect.poll(async () => (await btc())?.quantity, { timeout: 10_000 }).toBe('0');
    expect(await held()).toMatchObject({ quantity: '5', dust: '0' });
    await bookOut();
    const { sold, held: left } = (await handle.result()) as FlattenResult;
    expect(sold).toMatchObject([{ symbol: 'BTC/USDT' }]);
    expect(left).toEqual([]);
    await expectBooksEqualExchange(rig);
  });
});

describe('a symbol whose trading the exchange pauses', () => {
  it('is sold by a stop with --flatten when it is traded again, which says meanwhile why it waits', async () => {
    await cycle();
    const { listing } = rig.trading;
    rig.trading.listing = () => 'halted';
    const halt = await rig.journal.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'x', by: 'ann' });
    const handle = await rig.start('flatten', flattenWorkflowId('main', halt.epoch), 'main', halt.epoch);
    const details = () => handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    await expect.poll(details, { timeout: 10_000 }).toMatchObject({
      currentDetails: expect.stringContaining('**waits until it can sell** BTC/USDT: the exchange does not trade'),
    });
    rig.trading.listing = listing;
    const { sold, held: left } = (await handle.result()) as FlattenResult;
    expect(sold).toMatchObject([{ symbol: 'BTC/USDT' }]);
    expect(left).toEqual([]);
    await expectBooksEqualExchange(rig);
  });
});
