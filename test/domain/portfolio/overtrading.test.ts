import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimal, sum, text } from '../../../domain/money/money.ts';
import type { OrderLeg } from '../../../domain/orders/orders.ts';
import type { Buy } from '../../../domain/portfolio/exposure.ts';
import { overdrawn, tradingOf } from '../../../domain/portfolio/overtrading.ts';
import type { OrderPlan, Position, RiskVerdict } from '../../../domain/portfolio/portfolio.ts';
import type { Books, PlanRequest } from '../../../domain/portfolio/request.ts';
import type { Plain } from '../../support/plain.ts';
import { type Taking, typed } from '../../support/plain.ts';
import { codes, down, held, limits, openOrder, plan, position, up } from './plan.ts';

const NOW = 1_000_500;
const OURS = ['MinHolding', 'ReentryPause', 'DailyTurnover', 'DailyFees'];
const buy = (notional: string, takerFeeRate?: string) => ({
  notional: decimal(notional),
  ...typed<Pick<Buy, 'takerFeeRate'>>({ takerFeeRate }),
});
const day = (changes: Plain<Partial<Books['day']>> = {}): Books['day'] =>
  typed<Books['day']>({
    opening: '10000',
    turnover: '0',
    fees: '0',
    ...changes,
  });

/** Of 10,000 USDT and this much BTC, bought so long ago. */
function holding(
  quantity: string,
  ageMs: number,
  changes: Plain<Plain<Partial<Position>>> = {},
): Plain<Plain<Partial<Books>>> {
  return {
    ...held(quantity),
    positions: [{ ...position('BTC/USDT', quantity), openedAt: NOW - ageMs, ...changes }],
  };
}

const verdict = (found: readonly RiskVerdict[], code: string): RiskVerdict | undefined =>
  found.find((one) => one.code === code);

describe('the least holding time', () => {
  const selling: Plain<Plain<Partial<PlanRequest>>> = { views: [down] };

  it('keeps a signal from selling what was just bought, with its numbers', () => {
    const { legs, verdicts } = plan(selling, holding('0.05', 299_999));
    expect(legs).toEqual([]);
    expect(verdicts).toEqual([
      { code: 'MinHolding', symbol: 'BTC/USDT', limit: '300000 ms', value: '299999 ms', before: '0.05', after: '0' },
    ]);
  });

  it('is over to the millisecond, and is none where it is zero', () => {
    expect(plan(selling, holding('0.05', 300_000))).toMatchObject({ legs: [{ quantity: '0.05' }], verdicts: [] });
    const none = { ...selling, limits: { ...limits, minHoldingMs: 0 } };
    expect(plan(none, holding('0.05', 0))).toMatchObject({ legs: [{ quantity: '0.05' }], verdicts: [] });
  });

  it.each([1, 40, 3_599_999])('holds up nothing that was dated %i ms ahead, by a clock that was wrong', (aheadMs) => {
    expect(plan(selling, holding('0.05', -aheadMs))).toMatchObject({ legs: [{ quantity: '0.05' }], verdicts: [] });
  });

  it('holds up nothing while nothing may be opened: reducing, after a drawdown, after a streak of losses', () => {
    const losses = [1, 2, 3].map((n) => ({ realizedPnl: '-1', closedAt: NOW - n }));
    const restricted: Plain<Plain<Partial<Books>>>[] = [
      { tradingState: 'reducing' },
      { marks: { dayOpen: '13000', highWater: '13900' } },
      { closedTrades: losses },
    ];
    for (const books of restricted) {
      const { legs, verdicts } = plan(selling, { ...holding('0.05', 1_000), ...books });
      expect(legs).toMatchObject([{ side: 'sell', quantity: '0.05' }]);
      expect(verdict(verdicts, 'MinHolding')).toBeUndefined();
    }
  });

  it('lets pass what lies above a limit of exposure, where that is worth an order', () => {
    // 0.1 BTC are 6,000 of 16,000: 1,200 above the share of 0.3, which are 0.02 BTC.
    const { legs, verdicts } = plan(selling, holding('0.1', 1_000));
    expect(legs).toMatchObject([{ side: 'sell', quantity: '0.02' }]);
    expect(verdicts).toMatchObject([{ code: 'MinHolding', before: '0.1', after: '0.02' }]);
    // 0.0721 are 4,326 of 14,326: 28 above, and an order begins at 143.
    expect(plan(selling, holding('0.0721', 1_000)).legs).toEqual([]);
  });

  it('lets pass what lies above the share of everything', () => {
    const gross = { ...selling, limits: { ...limits, maxSymbolExposure: 0.3, maxGrossExposure: 0.1 } };
    // 0.05 BTC are 3,000 of 13,000: 1,700 above a tenth.
    expect(plan(gross, holding('0.05', 1_000)).legs).toMatchObject([{ side: 'sell', quantity: '0.02833' }]);
  });
});

describe('a symbol that is left out', () => {
  const left = (until: number, symbol = 'BTC/USDT'): Plain<Plain<Partial<Books>>> => ({ leftOut: [{ symbol, until }] });

  it('is not bought until then, and says so', () => {
    const { legs, verdicts } = plan({}, left(NOW + 1));
    expect(legs).toEqual([]);
    expect(verdict(verdicts, 'LeftOut')).toMatchObject({
      symbol: 'BTC/USDT',
      limit: String(NOW + 1),
      value: String(NOW),
      after: '0',
    });
  });

  it.each([
    ['its time is over', left(NOW)],
    ['it is another', left(NOW + 1, 'ETH/USDT')],
  ])('is bought where %s', (_what, books) => {
    expect(plan({}, books).legs).toMatchObject([{ side: 'buy' }]);
  });

  it('is sold as ever', () => {
    const books = { ...left(NOW + 1), ...held('0.05') };
    expect(plan({ views: [down] }, books).legs).toMatchObject([{ side: 'sell', quantity: '0.05' }]);
  });
});

describe('the pause before a symbol is entered again', () => {
  const sold = (sinceMs: number, symbol = 'BTC/USDT'): Plain<Plain<Partial<Books>>> => ({
    lastSales: [{ symbol, at: NOW - sinceMs }],
  });

  it('opens nothing in what was just sold, with its numbers', () => {
    const { legs, verdicts } = plan({}, sold(599_999));
    expect(legs).toEqual([]);
    expect(verdict(verdicts, 'ReentryPause')).toEqual({
      code: 'ReentryPause',
      symbol: 'BTC/USDT',
      limit: '600000 ms',
      value: '599999 ms',
      before: '3000',
      after: '0',
    });
  });

  it.each([
    [40, true],
    [599_999, true],
    [600_000, false],
    [3_600_000, false],
  ])('of a sale %i ms ahead counts as just now, and further ahead than itself as none: %s', (aheadMs, paused) => {
    const { verdicts } = plan({}, sold(-aheadMs));
    expect(verdict(verdicts, 'ReentryPause')?.value).toBe(paused ? '0 ms' : undefined);
  });

  it('is over to the millisecond, is none where it is zero, and is of its own symbol alone', () => {
    const free: [Plain<Plain<Partial<PlanRequest>>>, Plain<Plain<Partial<Books>>>][] = [
      [{}, sold(600_000)],
      [{ limits: { ...limits, reentryPauseMs: 0 } }, sold(0)],
      [{}, sold(0, 'ETH/USDT')],
    ];
    for (const [changes, books] of free) {
      const result = plan(changes, books);
      expect(result.legs).toHaveLength(1);
      expect(codes(result)).not.toContain('ReentryPause');
    }
  });
});

describe('what a day may trade and pay', () => {
  it.each<[string, Plain<Partial<Books['day']>>, string, string, string]>([
    ['DailyTurnover', { turnover: '48000' }, '50000', '51000', '2000'],
    ['DailyFees', { fees: '46' }, '50', '52', '2000'],
  ])('%s lets through what is left of it', (code, used, limit, value, after) => {
    const { legs, verdicts } = plan({}, { day: day(used) });
    expect(verdict(verdicts, code)).toEqual({ code, symbol: 'BTC/USDT', limit, value, before: '3000', after });
    expect(legs).toHaveLength(1);
    expect(
      decimal(legs[0]?.quantity ?? '0')
        .times(legs[0]?.limitPrice ?? '0')
        .lessThanOrEqualTo(after),
    ).toBe(true);
  });

  it.each<[string, Plain<Partial<Books['day']>>]>([
    ['DailyTurnover', { turnover: '50000' }],
    ['DailyTurnover', { turnover: '70000' }],
    ['DailyFees', { fees: '50' }],
  ])('%s opens nothing once it is used up, and sells all the same', (code, used) => {
    const { legs, verdicts } = plan({}, { day: day(used) });
    expect(legs).toEqual([]);
    expect(verdict(verdicts, code)).toMatchObject({ after: '0' });
    expect(plan({ views: [down] }, { ...held('0.05'), day: day(used) })).toMatchObject({
      legs: [{ side: 'sell', quantity: '0.05' }],
      verdicts: [],
    });
  });

  it('counts what is on its way as filled', () => {
    const openOrders = [openOrder({ symbol: 'ETH/USDT', quantity: '1', filledQuantity: '0.5', limitPrice: '2000' })];
    const { verdicts } = plan({}, { day: day({ turnover: '48000' }), openOrders });
    expect(verdict(verdicts, 'DailyTurnover')).toMatchObject({ value: '52000', before: '3000', after: '1000' });
    // At worst a buy pays 0.2 %: what is on its way takes 2 of the 50.
    const { verdicts: ofFees } = plan({}, { day: day({ fees: '46' }), openOrders });
    expect(verdict(ofFees, 'DailyFees')).toMatchObject({ value: '54', before: '3000', after: '1000' });
  });

  it('is shared by what is bought at once, by one factor', () => {
    const views = [up, { ...up, symbol: 'ETH/USDT' }];
    const { verdicts } = plan({ views }, { day: day({ turnover: '49000' }) });
    expect(verdicts.filter(({ code }) => code === 'DailyTurnover')).toMatchObject([
      { symbol: 'BTC/USDT', before: '2500', after: '500' },
      { symbol: 'ETH/USDT', before: '2500', after: '500' },
    ]);
  });

  it('goes by the equity of the plan until the account was marked', () => {
    expect(codes(plan({}, { day: day({ opening: undefined, turnover: '50000' }) }))).toContain('DailyTurnover');
    expect(codes(plan({}, { day: day({ opening: '20000', turnover: '50000' }) }))).not.toContain('DailyTurnover');
  });

  it('counts of each order the fee of its own: a dear one beside it makes no other dear, and a cheap one none cheap', () => {
    // Of 50 for the day 46 are paid: 4 are left, of which an order of 1,500 on its way at 0.2 % takes 3, and 0.01 is a hundred's at 1 %.
    const [cheap, dear] = [buy('1500'), buy('100', '0.01')];
    const paid = day({ fees: '46' });
    expect(overdrawn(limits, paid, [cheap, dear])).toBeUndefined();
    expect(overdrawn(limits, paid, [dear, cheap])).toBeUndefined();
    expect(overdrawn(limits, paid, [buy('150', '0.01'), cheap])).toMatchObject({ code: 'DailyFees', value: '50.5' });
    // The plan as the fence, of what it would buy and what is on its way.
    const working = (takerFeeRate: string, quantity: string) => [
      openOrder({ symbol: 'ETH/USDT', quantity, limitPrice: '1000', takerFeeRate }),
    ];
    const bought = (orders: ReturnType<typeof working>) =>
      plan({}, { day: paid, openOrders: orders }).verdicts.filter(({ code }) => code === 'DailyFees');
    expect(bought(working('0.001', '1.5'))).toMatchObject([{ value: '55', after: '500' }]);
    expect(bought(working('0.02', '0.15'))).toMatchObject([{ value: '55', after: '500' }]);
  });

  it('is held at the fence by the same numbers', () => {
    expect(overdrawn(limits, day({ turnover: '48000' }), [buy('2000')])).toBeUndefined();
    expect(overdrawn(limits, day({ turnover: '48000' }), [buy('2000.01')])).toEqual({
      code: 'DailyTurnover',
      limit: '50000',
      value: '50000.01',
    });
    expect(overdrawn(limits, day({ fees: '46' }), [buy('2000')])).toBeUndefined();
    expect(overdrawn(limits, day({ fees: '46' }), [buy('2005')])).toEqual({
      code: 'DailyFees',
      limit: '50',
      value: '50.01',
    });
    expect(overdrawn(limits, day({ fees: '46' }), [buy('400', '0.01')])).toBeUndefined();
    expect(overdrawn(limits, day({ fees: '46' }), [buy('401', '0.01')])).toEqual({
      code: 'DailyFees',
      limit: '50',
      value: '50.01',
    });
    expect(overdrawn(limits, day({ opening: undefined, turnover: '99999' }), [buy('1')])).toBeUndefined();
  });
});

describe('turnover and fees', () => {
  const trade = {
    symbol: 'BTC/USDT',
    price: '50000',
    quantity: '0.02',
    fee: '0',
    feeAsset: 'USDT',
  };

  it.each([
    ['in the quote currency', { fee: '1', feeAsset: 'USDT' }, '1'],
    ['in the base asset, at the price of the fill', { fee: '0.00002', feeAsset: 'BTC' }, '1'],
    ['in a third asset, at the most that is reserved for one', { fee: '0.0013', feeAsset: 'BNB' }, '2'],
    ['as a rebate', { fee: '-0.1', feeAsset: 'USDT' }, '-0.1'],
    ['as a rebate in a third asset', { fee: '-0.0001', feeAsset: 'BNB' }, '0'],
  ])('%s', (_what, paid, fees) => {
    const { turnover, fees: counted } = (tradingOf as Taking<typeof tradingOf>)({ ...trade, ...paid });
    expect([text(turnover), text(counted)]).toEqual(['1000', fees]);
  });
});

describe('of all plans', () => {
  const whole = (most: number) => fc.integer({ min: 0, max: most });
  const situation = fc.record({
    view: fc.constantFrom(up, down),
    held: whole(20).map((cents) => (cents / 100).toFixed(2)),
    ageMs: whole(600_000),
    soldMs: whole(1_200_000),
    tradingState: fc.constantFrom('active', 'active', 'active', 'reducing'),
    opening: fc.integer({ min: 1_000, max: 21_000 }).map(String),
    turnover: whole(100_000).map(String),
    fees: whole(100).map(String),
  });
  const sales = ({ legs }: OrderPlan): OrderLeg[] => legs.filter(({ side }) => side === 'sell');
  const free = { ...limits, minHoldingMs: 0, reentryPauseMs: 0, maxDailyTurnover: 1e9, maxDailyFees: 1e9 };

  it('no sale waits but a signal’s within the holding time, and no buy is above what the day has left', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(situation, ({ view, held: quantity, ageMs, soldMs, tradingState, opening, turnover, fees }) => {
        const books: Plain<Plain<Partial<Books>>> = {
          ...holding(quantity, ageMs),
          tradingState,
          lastSales: [{ symbol: 'BTC/USDT', at: NOW - soldMs }],
          day: { opening, turnover, fees },
        };
        const bound = plan({ views: [view] }, books);
        for (const { code } of bound.verdicts) seen.add(code);
        const waits = ageMs < limits.minHoldingMs && tradingState === 'active';
        if (!waits) expect(sales(bound)).toEqual(sales(plan({ views: [view], limits: free }, books)));

        const buys = bound.legs.filter(({ side }) => side === 'buy');
        if (buys.length === 0) return;
        expect(soldMs).toBeGreaterThanOrEqual(limits.reentryPauseMs);
        const bought = sum(buys.map((leg) => decimal(leg.quantity).times(leg.limitPrice)));
        expect(bought.plus(turnover).lessThanOrEqualTo(decimal(opening).times(5))).toBe(true);
        expect(bought.times('0.002').plus(fees).lessThanOrEqualTo(decimal(opening).times('0.005'))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(OURS.filter((code) => !seen.has(code))).toEqual([]);
  });
});
