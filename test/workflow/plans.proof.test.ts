import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OrderResult, PlanResult } from '../../contracts/cycle.ts';
import { legId } from '../../contracts/leg-ids.ts';
import { orderWorkflowId } from '../../contracts/workflow-ids.ts';
import type { Quantity } from '../../domain/money/money.ts';
import { decimal, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { exchangeLog, expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
let rig: Rig | undefined;

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

afterEach(async () => {
  const replayed = await rig?.replayAll();
  await rig?.close();
  rig = undefined;
  expect(replayed?.length).toBeGreaterThan(0);
  await environment.client.workflow.getHandle('trading-control').terminate('end of the test');
});

async function open(): Promise<Rig> {
  rig = await startRig(environment, { configuration: { symbols: ['BTC/USDT', 'ETH/USDT'] } });
  return rig;
}

/** A buy of about 200 USDT, a percent above the best ask unless told otherwise. */
async function legOf(
  { trading, journal }: Rig,
  cycleId: string,
  symbol: string,
  index: number,
  changes: Partial<OrderLeg> = {},
): Promise<OrderLeg> {
  const { ask } = await trading.touch(symbol);
  const { stepSize, tickSize, minNotional } = trading.instrument(symbol);
  const floor = (value: string, step: string): string => text(decimal(value).div(step).trunc().times(step));
  const { epoch } = await journal.control.read('main');
  return {
    legId: legId('main', tagged(cycleId), symbol, index, 'open'),
    cycleId: tagged(cycleId),
    correlationId: cycleId,
    account: 'main',
    symbol,
    side: 'buy',
    purpose: 'open',
    type: 'limit',
    quantity: tagged(floor(text(decimal('200').div(ask)), stepSize)),
    limitPrice: tagged(floor(text(decimal(ask).times('1.01')), tickSize)),
    timeInForce: 'IOC',
    restMs: 2_000,
    working: { style: 'once' },
    minNotional,
    epoch,
    ...changes,
  };
}

async function reserve({ journal }: Rig, cycleId: string, legs: OrderLeg[]): Promise<void> {
  await journal.cycles.plan(tagged(cycleId), 'main', Date.now(), () => ({
    cycleId: tagged(cycleId),
    kind: 'linked',
    equity: tagged('10000'),
    legs,
    verdicts: [],
    allocations: [],
  }));
}

async function runPlan(
  system: Rig,
  changes: Partial<OrderLeg>[] = [{}, {}],
  onLegFailure: 'flatten' | 'hold' = 'flatten',
): Promise<PlanResult> {
  const cycleId = `cycle/plan/${randomUUID()}`;
  const symbols = ['BTC/USDT', 'ETH/USDT'];
  const legs = await Promise.all(
    changes.map((change, index) => legOf(system, cycleId, symbols[index] ?? 'BTC/USDT', index, change)),
  );
  await reserve(system, cycleId, legs);
  const handle = await system.start('executePlan', `plan/${cycleId}`, { cycleId, legs, onLegFailure });
  return (await handle.result()) as PlanResult;
}

const held = async ({ journal }: Rig, symbol: string): Promise<number> =>
  Number((await journal.ledger.positions('main')).find((position) => position.symbol === symbol)?.quantity ?? 0);

describe('a plan of two linked legs', () => {
  it('is done when both came to their end', async () => {
    const system = await open();
    const result = await runPlan(system);
    expect(result).toMatchObject({ end: 'done', orders: [{ state: 'filled' }, { state: 'filled' }] });
    await expectBooksEqualExchange(system);
  });

  it('ends flat when the second leg is refused: what the first opened is sold again', async () => {
    const system = await open();
    await system.exchange.admin('POST', '/admin/faults', { kind: 'halt-symbol', symbol: 'ETHUSDT' });
    const result = await runPlan(system);
    expect(result.end).toBe('flat');
    expect(result.detail).toMatch(/ETH\/USDT was rejected/);
    expect(result.orders.map(({ side, state }) => `${side} ${state}`)).toEqual([
      'buy filled',
      'buy rejected',
      'sell filled',
    ]);
    expect(await held(system, 'BTC/USDT')).toBeLessThan(0.0001);
    await expectBooksEqualExchange(system);
  });

  it('tries the compensation again until it is filled, each try an order of its own', async () => {
    const system = await open();
    await system.exchange.admin('POST', '/admin/faults', { kind: 'halt-symbol', symbol: 'ETHUSDT' });
    const running = runPlan(system);
    // The first leg passes; then every order is refused for a while.
    await expect.poll(() => exchangeLog(system), { timeout: 10_000 }).toHaveLength(1);
    await system.exchange.admin('POST', '/admin/faults', {
      kind: 'rate-limit',
      method: 'POST',
      path: '/api/v3/order',
      count: 3,
    });
    const result = await running;
    expect(result.end).toBe('flat');
    expect(result.orders.filter(({ side }) => side === 'sell').length).toBeGreaterThan(1);
    expect(await held(system, 'BTC/USDT')).toBeLessThan(0.0001);
    await expectBooksEqualExchange(system);
  });

  it('keeps the first leg, with the reason, where the configuration says hold', async () => {
    const system = await open();
    await system.exchange.admin('POST', '/admin/faults', { kind: 'halt-symbol', symbol: 'ETHUSDT' });
    const result = await runPlan(system, [{}, {}], 'hold');
    expect(result).toMatchObject({ end: 'held' });
    expect(result.detail).toMatch(/rejected .* kept, as configured/);
    expect(await held(system, 'BTC/USDT')).toBeGreaterThan(0.0001);
    await expectBooksEqualExchange(system);
  });

  it('sells what a leg had filled whose workflow was ended by hand, and sends nothing more of it', async () => {
    const system = await open();
    const cycleId = `cycle/plan/${randomUUID()}`;
    const working = { style: 'twap' as const, slices: ['0.002', '0.002'].map(tagged<Quantity>), intervalMs: 60_000 };
    const legs = [
      await legOf(system, cycleId, 'BTC/USDT', 0, { quantity: tagged('0.004'), working }),
      await legOf(system, cycleId, 'ETH/USDT', 1),
    ];
    await reserve(system, cycleId, legs);
    const plan = await system.start('executePlan', `plan/${cycleId}`, { cycleId, legs, onLegFailure: 'flatten' });
    await expect.poll(() => held(system, 'BTC/USDT'), { timeout: 10_000 }).toBeGreaterThan(0.0019);
    await environment.client.workflow.getHandle(orderWorkflowId(tagged(legs[0]?.legId ?? ''))).terminate('by hand');
    const result = (await plan.result()) as PlanResult;
    expect(result).toMatchObject({
      end: 'flat',
      orders: [
        { side: 'buy', state: 'void', filledQuantity: '0.002' },
        { side: 'buy', state: 'initialized' },
        { side: 'sell', state: 'filled' },
      ],
    });
    expect(await held(system, 'BTC/USDT')).toBeLessThan(0.0001);
    expect(await exchangeLog(system)).toHaveLength(2);
    await expectBooksEqualExchange(system);
  });

  it('sends the leg that a sale pays after it, and not before', async () => {
    const system = await open();
    await runPlan(system);
    const quantity = (await system.journal.ledger.positions('main'))[0]?.quantity ?? '0';
    const { stepSize } = system.trading.instrument('BTC/USDT');
    const { bid } = await system.trading.touch('BTC/USDT');
    const result = await runPlan(system, [
      {
        side: 'sell',
        purpose: 'flatten',
        quantity: text(decimal(quantity).div(stepSize).trunc().times(stepSize)),
        limitPrice: text(decimal(bid).times('0.99').toDecimalPlaces(2)),
      },
      {},
    ]);
    expect(result).toMatchObject({ end: 'done', orders: [{ side: 'sell' }, { side: 'buy' }] });
    const [sold, bought] = await Promise.all(
      result.orders.map(async ({ legId: id }) => (await system.journal.intents.ofLeg(id))[0]),
    );
    expect(bought?.createdAt).toBeGreaterThanOrEqual(sold?.updatedAt ?? Number.MAX_SAFE_INTEGER);
    await expectBooksEqualExchange(system);
  });

  it('is no failure when the market left a limit behind', async () => {
    const system = await open();
    const { bid } = await system.trading.touch('ETH/USDT');
    const limitPrice = text(decimal(bid).times('0.97').toDecimalPlaces(2));
    const result = await runPlan(system, [{}, { limitPrice: tagged(limitPrice) }]);
    expect(result).toMatchObject({ end: 'done', orders: [{ state: 'filled' }, { state: 'expired' }] });
    await expectBooksEqualExchange(system);
  });
});

describe('a leg', () => {
  const run = async (system: Rig, symbol: string, changes: Partial<OrderLeg>): Promise<OrderResult> => {
    const cycleId = `cycle/leg/${randomUUID()}`;
    const leg = await legOf(system, cycleId, symbol, 0, changes);
    await reserve(system, cycleId, [leg]);
    const handle = await system.start('executeOrder', `order/${leg.legId}`, leg);
    return (await handle.result()) as OrderResult;
  };

  it('at the market is filled', async () => {
    const system = await open();
    expect(await run(system, 'BTC/USDT', { type: 'market' })).toMatchObject({ state: 'filled' });
    await expectBooksEqualExchange(system);
  });

  it('that must not take is refused when it would', async () => {
    const system = await open();
    const result = await run(system, 'BTC/USDT', { type: 'post_only', timeInForce: 'GTC' });
    expect(result).toMatchObject({ state: 'rejected', filledQuantity: '0' });
    expect(result.detail).toMatch(/would immediately match/);
    await expectBooksEqualExchange(system);
  });

  it('with a stop price rests unseen and is cancelled after its time', async () => {
    const system = await open();
    const { ask } = await system.trading.touch('BTC/USDT');
    const price = (factor: string): string => text(decimal(ask).times(factor).toDecimalPlaces(2));
    const result = await run(system, 'BTC/USDT', {
      type: 'stop',
      stopPrice: tagged(price('1.05')),
      limitPrice: tagged(price('1.06')),
      restMs: 1_000,
    });
    expect(result).toMatchObject({ state: 'canceled', filledQuantity: '0' });
    await expectBooksEqualExchange(system);
  });

  it('that is all or nothing is nothing when the book is too thin', async () => {
    const system = await open();
    const { bid } = await system.trading.touch('BTC/USDT');
    const result = await run(system, 'BTC/USDT', { timeInForce: 'FOK', limitPrice: bid });
    expect(result).toMatchObject({ state: 'expired', filledQuantity: '0' });
    await expectBooksEqualExchange(system);
  });

  it('that chases is priced again, and takes what is left in its last submission', async () => {
    const system = await open();
    const result = await run(system, 'BTC/USDT', {
      working: { style: 'chase', submissions: 2 },
      timeInForce: 'GTC',
      restMs: 700,
    });
    expect(result).toMatchObject({ state: 'filled' });
    const sent = await system.journal.intents.ofLeg(result.legId);
    expect(sent.map(({ submission }) => submission)).toEqual(sent.map((_, index) => index + 1));
    await expectBooksEqualExchange(system);
  });

  it('that is sliced sends one order a slice, and no more in all than the leg', async () => {
    const system = await open();
    const slice = '0.002';
    const result = await run(system, 'BTC/USDT', {
      quantity: tagged('0.006'),
      working: { style: 'twap', slices: [tagged(slice), tagged(slice), tagged(slice)], intervalMs: 300 },
    });
    expect(result).toMatchObject({ state: 'filled', filledQuantity: '0.006' });
    expect(await exchangeLog(system)).toHaveLength(3);
    await expectBooksEqualExchange(system);
  });

  it('that is sliced ends with a stop: the next slice does not pass the fence', async () => {
    const system = await open();
    const cycleId = `cycle/leg/${randomUUID()}`;
    const slices = ['0.002', '0.002', '0.002'].map(tagged<Quantity>);
    const leg = await legOf(system, cycleId, 'BTC/USDT', 0, {
      quantity: tagged('0.006'),
      working: { style: 'twap', slices, intervalMs: 1_500 },
    });
    await reserve(system, cycleId, [leg]);
    const handle = await system.start('executeOrder', `order/${leg.legId}`, leg);
    await expect.poll(() => exchangeLog(system), { timeout: 10_000 }).toHaveLength(1);
    await system.journal.control.raiseHalt({ requestId: cycleId, account: 'main', reason: 'test', by: 'test' });
    const result = (await handle.result()) as OrderResult;
    expect(result).toMatchObject({ state: 'denied', filledQuantity: '0.002' });
    expect(result.detail).toMatch(/StaleEpoch/);
    expect(await exchangeLog(system)).toHaveLength(1);
    await expectBooksEqualExchange(system);
  });
});
