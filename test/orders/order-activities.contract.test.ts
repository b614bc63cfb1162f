import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createOrderActivities, type OrderActivities } from '../../activities/orders/index.ts';
import { createPlanActivities } from '../../activities/orders/plans.ts';
import type { LegProgress } from '../../contracts/order.ts';
import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { createOrderEvents, type OrderEvents } from '../../trading/execute/order-events.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import type { TradingPort } from '../../venues/port.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { fenced, fund, leg, planLegs, sending, temporaryJournal, terms } from '../support/books.ts';

const silent = pino({ level: 'silent' });
const chase = leg({
  limitPrice: '30000',
  quantity: '0.002',
  restMs: 30_000,
  working: { style: 'chase', submissions: 3 },
});
const intentId = intentIdOf(chase.legId, 1);

let exchange: TestExchange;
let journal: Journal;
let trading: TradingPort;
let events: OrderEvents;
let orders: OrderActivities;

beforeEach(async () => {
  exchange = await startTestExchange();
  const { apiKey, secret } = await exchange.account('main', { USDT: '10000' });
  trading = await createCcxtTrading(createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret }));
  journal = await temporaryJournal();
  await fund(journal);
  await planLegs(journal, chase);
  events = createOrderEvents();
  orders = createOrderActivities({ journal, trading, events, logger: silent });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await journal.close();
  await exchange.close();
});

const run = <R>(work: () => Promise<R>): Promise<R> => new MockActivityEnvironment().run(work);
const place = (order: OrderLeg = chase): Promise<LegProgress> => run(() => orders.placeOrder(order, 1));

describe('an order that the exchange says was sent before', () => {
  it('is looked up, and followed as the one that it is: nothing is sent beside it', async () => {
    const timestamp = await trading.exchangeTime();
    await trading.place(fenced({ ...chase, timeInForce: 'GTC' }, intentId, timestamp));
    expect(await place()).toMatchObject({ working: true, result: { state: 'unresolved' } });
    expect((await journal.intents.find(intentId))?.detail).toMatch(/^-2010: .*Duplicate order sent/);
    const resolved = await run(() => orders.resolveOrder(chase, 1));
    expect(resolved).toMatchObject({ working: true, result: { state: 'accepted' } });
    expect(resolved.next).toBeUndefined();
    expect(await trading.openOrders()).toMatchObject([{ intentId }]);
  });
});

describe('the cancel of an order on a symbol that the exchange lists no more', () => {
  const sell = leg({ legId: 'sph2', cycleId: 'c2', symbol: 'GONE/USDT', quantity: '1', limitPrice: '100' });
  const cancel = () => run(() => orders.cancelOrder(sell, 1));
  beforeEach(async () => {
    await planLegs(journal, sell);
    await journal.intents.openFence(sell, terms(sell), sending(Date.now() - 2_001));
    await journal.intents.report({
      intentId: intentIdOf(tagged('sph2'), 1),
      state: 'accepted',
      venueOrderId: tagged('77'),
      fills: [],
    });
  });

  it('leaves it unresolved and says what ends it', async () => {
    for (let tries = 0; tries < 2; tries += 1)
      await expect(cancel()).rejects.toThrow('the exchange lists no GONE/USDT: its end cannot be asked for until');
    expect(await journal.intents.find(intentIdOf(tagged('sph2'), 1))).toMatchObject({
      state: 'unresolved',
      detail: expect.stringContaining('books it out'),
    });
  });

  it('comes to its end once the books have that of the order', async () => {
    await journal.intents.report({ intentId: intentIdOf(tagged('sph2'), 1), state: 'canceled', fills: [] });
    expect(await cancel()).toMatchObject({ working: false, result: { state: 'canceled' } });
  });
});

describe('an order that rests', () => {
  const follow = (restMs: number): { looks: () => number; end: Promise<LegProgress> } => {
    const asked = vi.spyOn(trading, 'findOrder');
    const end = run(() => orders.awaitFill(chase, 1, Date.now() + restMs));
    return { looks: () => asked.mock.calls.length, end };
  };
  const passed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it('is asked about less often the longer nothing becomes of it', async () => {
    await place();
    const { looks, end } = follow(6_000);
    expect(await end).toMatchObject({ working: true });
    // After 0.5, 1.5, 3.5 s and at its end; twelve times where it is asked every half second.
    expect(looks()).toBeLessThanOrEqual(4);
  });

  it('is asked about at once when the exchange says that something became of it', async () => {
    await place();
    const { end } = follow(20_000);
    // The third pause is two seconds long.
    await passed(1_700);
    await trading.cancel(chase.symbol, intentId);
    const startedAt = performance.now();
    events.wake(intentId);
    expect(await end).toMatchObject({ working: false, result: { state: 'canceled' } });
    expect(performance.now() - startedAt).toBeLessThan(800);
  });

  it('is asked about once for a burst of events, and for one that comes while it is being asked', async () => {
    await place();
    const { looks, end } = follow(3_000);
    await passed(600);
    const before = looks();
    for (let event = 0; event < 50; event += 1) events.wake(intentId);
    events.wake(tagged('another'));
    await passed(400);
    expect(looks()).toBe(before + 1);
    await end;
  });

  it('is not asked about while the request weight is short, and rests no longer for it', async () => {
    await place();
    vi.spyOn(trading, 'hasRoom').mockReturnValue(false);
    const { looks, end } = follow(1_500);
    events.wake(intentId);
    const startedAt = performance.now();
    expect(await end).toMatchObject({ working: true });
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(looks()).toBe(0);
  });

  it('rests no longer than it may because a clock was set back', async () => {
    const short = { legId: 'sphshort', cycleId: 'c2', working: { style: 'once' as const }, restMs: 1_000 };
    const order = leg({ ...chase, ...short, timeInForce: 'GTC' });
    await planLegs(journal, order);
    await place(order);
    const startedAt = performance.now();
    // Ten minutes later by the clock that the end was written with.
    await run(() => orders.awaitFill(order, 1, Date.now() + 600_000));
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});

describe('a leg that nobody works any more', () => {
  it('ends with a tombstone where nothing was ever sent of it', async () => {
    const plans = createPlanActivities({ journal, trading, logger: silent });
    const now = performance.now.bind(performance);
    const startedAt = now();
    // Twenty times as fast: the wait is half a minute.
    vi.spyOn(performance, 'now').mockImplementation(() => startedAt + (now() - startedAt) * 20);
    expect(await run(() => plans.awaitLeg(chase))).toMatchObject({ state: 'void', detail: 'settled as never sent' });
    expect((await journal.ledger.balances('main')).map(({ reserved }) => reserved)).toEqual(['0']);
  });
});
