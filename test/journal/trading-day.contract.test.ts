import { describe, expect, it } from 'vitest';
import { riskSchema } from '../../contracts/config/schema.ts';
import { decimal, sum } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg, OrderPurpose } from '../../domain/orders/orders.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import type { PlanningView } from '../../stores/journal/books/cycles.ts';
import type { FenceResult } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { plan, limits as planLimits } from '../domain/portfolio/plan.ts';
import { cycleRecord, fund, leg, planLegs, sending, terms, trade } from '../support/books.ts';
import { type Plain } from '../support/plain.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const DAY_MS = 86_400_000;
/** Ten in the morning, UTC. */
const MORNING = 20_000 * DAY_MS + 10 * 3_600_000;
const limits = riskSchema.parse({ maxOrderNotional: '100000', maxOrdersPerMinute: 1_000 });

/** Nothing but the budgets stands in the way of small orders. */
const wide = { ...planLimits, maxSymbolExposure: 1, maxGrossExposure: 1, maxOrderNotional: '300', minTradeShare: 0 };

describe.each(adapterNames)('the day’s trading on %s', (name) => {
  const books = new FreshBooks(name, limits);
  const fence = (order: OrderLeg, sentAt = books.now): Promise<FenceResult> =>
    books.journal.intents.openFence(order, terms(order), sending(sentAt));
  const order = (id: string, changes: Plain<Partial<OrderLeg>> = {}): OrderLeg =>
    leg({ legId: id, cycleId: `cycle/${id}`, correlationId: `cycle/${id}`, ...changes });
  const mark = (id: string, equity: string): Promise<void> =>
    books.journal.cycles.record(cycleRecord({ cycleId: id, equity, finishedAt: books.now }));
  const change = (settings: Partial<typeof limits>): Promise<unknown> =>
    books.journal.risk.change({
      requestId: JSON.stringify(settings),
      account: 'main',
      settings,
      by: 'ann',
      reason: '-',
    });
  /** What the next plan would see. */
  const view = async (id: string, now = books.now): Promise<PlanningView> => {
    let seen: PlanningView | undefined;
    await books.journal.cycles.plan(id, 'main', now, (given) => {
      seen = given;
      return { cycleId: id, equity: '0', legs: [], verdicts: [], allocations: [] };
    });
    if (!seen) throw new Error('the plan was made before');
    return seen;
  };
  const at = (now: number): void => {
    books.now = now;
  };

  it('adds up the fills of the day, of either side, with the fees of their trade records', async () => {
    at(MORNING);
    await fund(books.journal);
    await trade(books.journal, order('yesterday'), { filledAt: MORNING - 11 * 3_600_000, fee: '5', feeAsset: 'USDT' });
    await trade(books.journal, order('a'), { filledAt: MORNING, fee: '0.00001', feeAsset: 'BTC', price: '50000' });
    await trade(books.journal, order('b', { side: 'sell', purpose: 'flatten', quantity: tagged('0.01') }), {
      filledAt: MORNING + 1,
      fee: '0.6',
      feeAsset: 'USDT',
    });
    const day = { opening: undefined, turnover: '1100', fees: '1.1' };
    expect(await books.journal.ledger.tradingDay('main', MORNING)).toEqual(day);
    expect((await view('next')).day).toEqual(day);
    expect(await books.journal.ledger.tradingDay('other', MORNING).catch(String)).toMatch(/No risk limits/);
  });

  it('begins at the hour of the daily loss limit, with the newest mark until it has one of its own', async () => {
    at(MORNING - DAY_MS);
    await mark('1', '9000');
    at(MORNING - DAY_MS + 1);
    await mark('2', '9500');
    expect((await view('a')).day.opening).toBe('9000');
    at(MORNING);
    expect((await view('b')).day.opening).toBe('9500');
    await mark('3', '9600');
    expect((await view('c')).day.opening).toBe('9600');
    await change({ dayResetHour: 11 });
    // By then today has begun yesterday at eleven.
    expect((await view('d')).day.opening).toBe('9600');
    at(MORNING + 3_600_000);
    await mark('4', '9700');
    expect((await view('e')).day.opening).toBe('9700');
  });

  it('names the newest sale of each symbol within the pause, whatever it was for', async () => {
    at(MORNING);
    await fund(books.journal);
    const sell = { side: 'sell', quantity: '0.001' } as const;
    await trade(books.journal, order('buy'), { filledAt: MORNING - 1_000_000 });
    await trade(books.journal, order('s0', { ...sell, purpose: 'flatten' }), { filledAt: MORNING - 600_000 });
    expect((await view('a')).lastSales).toEqual([]);
    await trade(books.journal, order('s1', { ...sell, purpose: 'protect' }), { filledAt: MORNING - 300_000 });
    await trade(books.journal, order('s2', { ...sell, purpose: 'compensate' }), { filledAt: MORNING - 400_000 });
    expect((await view('b')).lastSales).toEqual([{ symbol: 'BTC/USDT', at: MORNING - 300_000 }]);
    await change({ reentryPauseSeconds: 0 });
    expect((await view('c')).lastSales).toEqual([]);
  });

  it('counts for a plan what was sent within the minute before, by the exchange’s clock', async () => {
    at(MORNING);
    await fund(books.journal);
    await planLegs(books.journal, order('one'));
    expect((await view('a', MORNING)).sentOfMinute).toBe(0);
    expect(await fence(order('one'), MORNING)).toMatchObject({ passed: true });
    at(MORNING + 3_600_000);
    expect((await view('b', MORNING + 1_000)).sentOfMinute).toBe(1);
    expect((await view('c', MORNING + 70_000)).sentOfMinute).toBe(0);
  });

  it('refuses at the fence what was sold since the plan, and only on its symbol', async () => {
    at(MORNING);
    await fund(books.journal);
    await trade(books.journal, order('buy'), { filledAt: MORNING - 1_000_000 });
    const [again, other] = [
      order('again'),
      order('other', { symbol: 'ETH/USDT', quantity: tagged('0.1'), limitPrice: tagged('3000') }),
    ];
    await planLegs(books.journal, again);
    await planLegs(books.journal, other);
    await trade(books.journal, order('stop', { side: 'sell', purpose: 'protect' }), { filledAt: MORNING - 1_000 });
    expect(await fence(again)).toMatchObject({
      passed: false,
      code: 'ReentryPause',
      limit: '600000 ms',
      value: '1000 ms',
      intent: { state: 'denied', detail: 'ReentryPause: limit 600000 ms, value 1000 ms' },
    });
    expect(await fence(other)).toMatchObject({ passed: true });
  });

  describe.each([
    ['ahead by less than the pause', 560_000],
    ['ahead by more', 900_000],
    ['behind', -3_600_000],
    ['of another day', 30 * DAY_MS],
  ])('with a local clock that is %s', (_how, skewMs) => {
    it('lets the exchange’s clock say how long ago the sale was, at the plan and at the fence', async () => {
      at(MORNING);
      await fund(books.journal);
      await trade(books.journal, order('buy'), { filledAt: MORNING - 1_000_000 });
      const sell = order('sell', { side: 'sell', purpose: 'flatten' });
      await trade(books.journal, sell, { filledAt: MORNING - 60_000 });
      const sold = { symbol: 'BTC/USDT', at: MORNING - 60_000 };
      at(MORNING + skewMs);
      expect((await view('a', MORNING)).lastSales).toEqual([sold]);
      expect((await view('b', MORNING + 540_000)).lastSales).toEqual([]);
      const [early, later] = [order('early'), order('later')];
      await planLegs(books.journal, early);
      await planLegs(books.journal, later);
      expect(await fence(early, MORNING)).toMatchObject({ code: 'ReentryPause', value: '60000 ms' });
      expect(await fence(later, MORNING + 540_000)).toMatchObject({ passed: true });
    });

    it('lets the exchange’s clock say what day it is', async () => {
      at(MORNING);
      await fund(books.journal);
      await trade(books.journal, order('buy'), { filledAt: MORNING });
      at(MORNING + skewMs);
      expect((await view('a', MORNING)).day.turnover).toBe('600');
      expect((await view('b', MORNING + DAY_MS)).day.turnover).toBe('0');
    });
  });

  it('is held up by nothing that the exchange itself has dated far ahead, and hides nothing behind it', async () => {
    at(MORNING);
    await fund(books.journal);
    await trade(books.journal, order('buy'), { filledAt: MORNING - 1_000_000 });
    const sell = { side: 'sell', purpose: 'flatten', quantity: '0.001' } as const;
    await trade(books.journal, order('wrong', sell), { filledAt: MORNING + 30 * DAY_MS });
    expect(await view('a')).toMatchObject({ lastSales: [], day: { turnover: '600' } });
    await trade(books.journal, order('right', sell), { filledAt: MORNING - 60_000 });
    expect((await view('b')).lastSales).toEqual([{ symbol: 'BTC/USDT', at: MORNING - 60_000 }]);
  });

  it('refuses at the fence what the day has no room for any more, and counts what is on its way', async () => {
    at(MORNING);
    await fund(books.journal);
    await mark('1', '10000');
    await change({ maxDailyTurnover: 0.15 });
    const [first, second, third] = [order('1'), order('2'), order('3')];
    for (const one of [first, second, third]) await planLegs(books.journal, one);
    expect(await fence(first)).toMatchObject({ passed: true });
    expect(await fence(second)).toMatchObject({ passed: true });
    expect(await fence(third)).toMatchObject({ passed: false, code: 'DailyTurnover', limit: '1500', value: '1800' });
    // One that ends without a fill gives its room back.
    await books.journal.intents.report({ intentId: '2-1', state: 'expired', fills: [] });
    const fourth = order('4');
    await planLegs(books.journal, fourth);
    expect(await fence(fourth)).toMatchObject({ passed: true });
    await change({ maxDailyTurnover: 5, maxDailyFees: 0.0001 });
    const fifth = order('5');
    await planLegs(books.journal, fifth);
    // Three of 600 USDT, at two per mille each.
    expect(await fence(fifth)).toMatchObject({ passed: false, code: 'DailyFees', limit: '1', value: '3.6' });
    // A dearer one is dear itself: the two that are on their way still pay two per mille.
    const sixth = order('6', { takerFeeRate: tagged('0.01') });
    await planLegs(books.journal, sixth);
    expect(await fence(sixth)).toMatchObject({ passed: false, code: 'DailyFees', limit: '1', value: '8.4' });
  });

  it.each<OrderPurpose>(['protect', 'flatten', 'compensate'])('never refuses to %s', async (purpose) => {
    at(MORNING);
    await fund(books.journal);
    await mark('1', '10000');
    await trade(books.journal, order('buy'), { filledAt: MORNING });
    const quantity = '0.001';
    await trade(books.journal, order('stop', { side: 'sell', purpose, quantity: tagged(quantity) }), {
      filledAt: MORNING,
    });
    await change({
      maxDailyTurnover: 0.01,
      maxDailyFees: 0.00002,
      minHoldingSeconds: 86_400,
      reentryPauseSeconds: 86_400,
    });
    const [opening, reducing] = [
      order('open', { quantity: tagged(quantity) }),
      order('out', { side: 'sell', purpose, quantity: tagged(quantity) }),
    ];
    await planLegs(books.journal, opening);
    await planLegs(books.journal, reducing);
    expect(await fence(opening)).toMatchObject({ passed: false, code: 'ReentryPause' });
    expect(await fence(reducing)).toMatchObject({ passed: true });
  });

  it.each([
    ['DailyTurnover', { maxDailyTurnover: 0.5 }, '5000'],
    ['DailyFees', { maxDailyFees: 0.001 }, '5000'],
  ])('never reserves more than %s leaves, under 20 concurrent cycles', async (code, settings, most) => {
    at(MORNING);
    await fund(books.journal, '100000');
    await mark('1', '10000');
    await change(settings);
    const both: Journal[] = [books.journal, await books.again()];
    const plans = await Promise.all(
      Array.from({ length: 20 }, (_, n): Promise<OrderPlan> => {
        const [cycleId, journal] = [`cycle/${n}`, both[n % 2] ?? books.journal];
        return journal.cycles.plan(tagged(cycleId), 'main', books.now, ({ day, openOrders, balances, limits: own }) => {
          const { maxDailyTurnover, maxDailyFees } = own;
          return plan(
            {
              cycleId: tagged(cycleId),
              epoch: 0,
              limits: { ...wide, maxDailyTurnover, maxDailyFees },
              legIdOf: (symbol) => tagged(`${cycleId}/${symbol}`),
            },
            // Each cycle trades a symbol of its own as far as the books can tell.
            { epoch: 0, balances, day, openOrders: openOrders.map((one) => ({ ...one, symbol: 'ETH/USDT' })) },
          );
        });
      }),
    );
    const bought = sum(plans.flatMap(({ legs }) => legs.map((one) => decimal(one.quantity).times(one.limitPrice))));
    expect(bought.lessThanOrEqualTo(most)).toBe(true);
    expect(bought.greaterThan(decimal(most).minus(20))).toBe(true);
    expect(plans.filter(({ verdicts }) => verdicts.some((verdict) => verdict.code === code)).length).toBeGreaterThan(
      15,
    );
  });

  it('keeps a limit that a person changed where an earlier release had adopted fewer keys', async () => {
    await change({ maxOrderNotional: '100' });
    const database = await books.database();
    const { minHoldingSeconds, reentryPauseSeconds, maxDailyTurnover, maxDailyFees, ...earlier } = limits;
    await database.run('UPDATE risk_changes SET configured = ?', JSON.stringify(earlier));
    await books.journal.risk.adopt('main', limits);
    expect((await books.journal.risk.read('main')).settings.maxOrderNotional).toBe('100');
    await books.journal.risk.adopt('main', { ...limits, minHoldingSeconds: minHoldingSeconds + 1 });
    expect((await books.journal.risk.read('main')).settings).toMatchObject({
      maxOrderNotional: '100000',
      minHoldingSeconds: 301,
    });
    expect([reentryPauseSeconds, maxDailyTurnover, maxDailyFees]).toEqual([600, 5, 0.005]);
  });
});
