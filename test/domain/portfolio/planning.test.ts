import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { notListed, pricesIn } from '../../../domain/market/prices.ts';
import { type Decimal, decimal, ZERO } from '../../../domain/money/money.ts';
import type { View } from '../../../domain/portfolio/request.ts';
import { reservationAmount } from '../../../domain/portfolio/reservation.ts';
import { allocation, down, execution, held, limits, market, openOrder, plan, snapshot, up } from './plan.ts';

describe('a plan', () => {
  it('buys the wanted share at the collar, floored to step and tick, and says what bound it', () => {
    const result = plan();
    expect(result.legs).toHaveLength(1);
    // Kelly 0.25 · (0.006 − 0.0020333) / 0.0001 = 9.9 → 0.3 of 10,000 = 3,000 → 2,500 at most; 60001 · 1.002 = 60121.002.
    expect(result.legs[0]).toMatchObject({
      side: 'buy',
      purpose: 'open',
      limitPrice: '60121',
      quantity: '0.04158',
      epoch: 4,
    });
    expect(result.verdicts).toMatchObject([
      { code: 'SymbolExposure', before: '99166.67', after: '3000' },
      { code: 'OrderNotional', before: '3000', after: '2500' },
    ]);
  });

  it('may still reduce while only reducing passes', () => {
    const result = plan({ views: [down] }, { ...held('0.1'), tradingState: 'reducing' });
    expect(result.legs).toMatchObject([{ side: 'sell', purpose: 'flatten', quantity: '0.1', limitPrice: '59879.01' }]);
  });

  it.each([
    ['the daily loss', '10527', '10527', 'active', { to: 'halted', code: 'DailyLoss' }],
    ['the last step of the drawdown', '10000', '10990', 'active', { to: 'halted', code: 'Drawdown' }],
    ['the first step of the drawdown', '10000', '10639', 'active', { to: 'reducing', code: 'Drawdown' }],
    ['the first step, once more', '10000', '10639', 'reducing', undefined],
    ['a recovery to the limit itself', '10000', '10630', 'reducing', undefined],
    ['a recovery beyond it', '10000', '10500', 'reducing', { to: 'active', code: 'DrawdownRecovered' }],
    ['no loss', '10000', '10000', 'active', undefined],
  ] as const)('restricts trading by %s', (_what, dayOpen, highWater, tradingState, expected) => {
    const result = plan({}, { marks: { dayOpen, highWater }, tradingState });
    if (expected) expect(result.restriction).toMatchObject(expected);
    else expect(result.restriction).toBeUndefined();
    if (result.restriction?.to === 'halted') expect(result.legs).toEqual([]);
  });

  it('does not halt on what stale data say', () => {
    const result = plan({ now: 1_010_001 }, { marks: { dayOpen: '20000', highWater: '20000' } });
    expect(result.restriction).toBeUndefined();
  });

  it('pays by the prices of the decision, and not by those that the agents saw up to a minute before', () => {
    const later = { ...snapshot, symbols: [market('BTC/USDT', '60999', '61001'), market('ETH/USDT', '1', '1')] };
    const prices = { ...pricesIn(later), takenAt: 1_050_000 };
    const result = plan({ now: 1_050_100, prices });
    // 61001 · 1.002 = 61123.002; 2,500 / 61123 = 0.0409…
    expect(result.legs).toMatchObject([{ limitPrice: '61123', quantity: '0.0409' }]);
    expect(plan({ now: 1_050_100, prices }, held('0.1')).equity).toBe('16100');
  });

  it('sells and buys nothing in a symbol that does not trade, and everything else all the same', () => {
    const both = [up, { ...up, symbol: 'ETH/USDT' }];
    const { takenAt, symbols } = pricesIn(snapshot);
    const halted = symbols.map((one) => (one.symbol === 'ETH/USDT' ? { ...one, status: 'BREAK' } : one));
    const result = plan({ views: both, prices: { takenAt, symbols: halted } });
    expect(result.legs.map(({ symbol }) => symbol)).toEqual(['BTC/USDT']);
    expect(result.verdicts).toContainEqual(
      expect.objectContaining({ code: 'SymbolNotTrading', symbol: 'ETH/USDT', value: 'BREAK' }),
    );
    const gone = { takenAt, symbols: symbols.filter(({ symbol }) => symbol !== 'ETH/USDT') };
    expect(plan({ views: both, prices: gone }).verdicts).toContainEqual(
      expect.objectContaining({ code: 'SymbolNotTrading', symbol: 'ETH/USDT', value: 'NOT_LISTED' }),
    );
    const btcHalted = { takenAt, symbols: symbols.map((one) => ({ ...one, status: 'HALT' })) };
    expect(plan({ views: [down], prices: btcHalted }, held('0.1'))).toMatchObject({
      legs: [],
      verdicts: [{ code: 'SymbolNotTrading', symbol: 'BTC/USDT', value: 'HALT' }],
    });
  });

  it('counts a holding that is not traded, and has no price, at what it cost, and goes on with everything else', () => {
    const { takenAt, symbols } = pricesIn(snapshot);
    const only = { takenAt, symbols: [notListed('BTC/USDT'), ...symbols.slice(1)] };
    const { equity, legs } = plan({ views: [{ ...up, symbol: 'ETH/USDT' }], prices: only }, held('0.1'));
    expect(equity).toBe('16000');
    expect(legs).toMatchObject([{ symbol: 'ETH/USDT', side: 'buy' }]);
  });

  it('makes legs of which none needs another', () => {
    expect(plan().kind).toBe('independent');
  });

  it('holds on a flat view and without a quorum, while the view that it was bought on lasts', () => {
    for (const direction of ['flat', 'none'] as const)
      expect(plan({ views: [{ ...up, direction }] }, held('0.05')).legs).toEqual([]);
  });

  it('does not sell what it has not, nor top up what is there', () => {
    expect(plan({ views: [down] }).legs).toEqual([]);
    expect(
      plan({}, { ...held('0.1'), balances: [{ asset: 'USDT', free: '4000', reserved: '0', dust: '0' }] }).legs,
    ).toEqual([]);
  });

  it('still sells what is free of a frozen symbol, and no more', () => {
    const openOrders = [openOrder({ state: 'unresolved', side: 'sell', quantity: '0.06' })];
    const balances = [{ asset: 'BTC', free: '0.04', reserved: '0.06', dust: '0' }];
    expect(plan({ views: [down] }, { ...held('0.1'), balances, openOrders }).legs).toMatchObject([
      { side: 'sell', quantity: '0.04' },
    ]);
  });

  it('takes one view of a symbol, the first', () => {
    const twice = plan({ views: [up, { ...up, expectedReturn: 0.007 }, down] });
    expect(twice).toEqual(plan());
  });

  it('sells before it buys, and makes one plan of several symbols', () => {
    const views: View[] = [{ ...up, symbol: 'ETH/USDT' }, down];
    const { legs, allocations } = plan({ views }, held('0.01'));
    expect(legs).toMatchObject([
      { side: 'sell', symbol: 'BTC/USDT', legId: 'BTC/USDT-0-flatten' },
      { side: 'buy', symbol: 'ETH/USDT', legId: 'ETH/USDT-1-open' },
    ]);
    expect(allocations).toMatchObject([
      { portfolio: 'main', symbol: 'ETH/USDT', share: 0.3, boundBy: ['SymbolExposure'] },
    ]);
  });

  it('buys with what the buy before it leaves, and not with the same money again', () => {
    const views = [up, { ...up, symbol: 'ETH/USDT' }];
    const { legs } = plan({ views }, { balances: [{ asset: 'USDT', free: '1000', reserved: '9000', dust: '0' }] });
    const reserved = legs.reduce((total, leg) => total.plus(reservationAmount(leg)), ZERO);
    expect(legs.length).toBeGreaterThan(0);
    expect(reserved.lessThanOrEqualTo(1_000), reserved.toFixed()).toBe(true);
    expect(reserved.greaterThan(990), reserved.toFixed()).toBe(true);
  });

  it.each([
    ['0', '0.002', undefined],
    ['0.002', '0.002', undefined],
    ['0.01', '0.01', '0.01'],
  ])('reserves for a fee of %s a way the rate %s', (takerFeeRate, reserved, stated) => {
    const symbols = snapshot.symbols.map((one) => ({ ...one, instrument: { ...one.instrument, takerFeeRate } }));
    const balances = [{ asset: 'USDT', free: '1000', reserved: '9000', dust: '0' }];
    const { legs } = plan(
      {
        views: [{ ...up, expectedReturn: 0.05 }],
        snapshot: { ...snapshot, symbols },
        limits: { ...limits, maxDailyFees: 0.05 },
      },
      { balances },
    );
    const [leg] = legs;
    const cost = decimal(leg?.quantity ?? '0').times(leg?.limitPrice ?? '0');
    const whole = cost.times(decimal(1).plus(reserved));
    expect(leg?.takerFeeRate).toBe(stated);
    expect(leg && reservationAmount(leg).toFixed()).toBe(whole.toFixed());
    expect(whole.lessThanOrEqualTo(1_000), whole.toFixed()).toBe(true);
    expect(whole.greaterThan(990), whole.toFixed()).toBe(true);
  });

  it('does not buy for less than what the account pays, and buys for less where it pays nothing', () => {
    const codesAt = (takerFeeRate: string, expectedReturn: number): string[] => {
      const symbols = snapshot.symbols.map((one) => ({ ...one, instrument: { ...one.instrument, takerFeeRate } }));
      return plan({ views: [{ ...up, expectedReturn }], snapshot: { ...snapshot, symbols } }).verdicts.map(
        ({ code }) => code,
      );
    };
    expect(codesAt('0.001', 0.0095)).not.toContain('CostGate');
    expect(codesAt('0.01', 0.0095)).toContain('CostGate');
    expect(codesAt('0.001', 0.001)).toContain('CostGate');
    expect(codesAt('0', 0.001)).not.toContain('CostGate');
  });

  it('stays within every limit, whatever the views say', () => {
    const number = fc.double({ min: -0.5, max: 0.5, noNaN: true });
    const anyView = (symbol: string) =>
      fc.record({
        symbol: fc.constant(symbol),
        direction: fc.constantFrom('up' as const, 'down' as const, 'flat' as const, 'none' as const),
        expectedReturn: number,
        uncertainty: fc.double({ min: 0, max: 1, noNaN: true }),
        conviction: fc.double({ min: 0, max: 1, noNaN: true }),
      });
    const anyOrder = fc.record({
      symbol: fc.constantFrom('BTC/USDT', 'ETH/USDT'),
      state: fc.constantFrom('initialized' as const, 'accepted' as const, 'unresolved' as const),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      quantity: fc.integer({ min: 1, max: 100 }).map((lots) => decimal(lots).div(1_000).toFixed()),
    });
    const any = fc.record({
      views: fc.tuple(anyView('BTC/USDT'), anyView('ETH/USDT')),
      free: fc.integer({ min: 0, max: 20_000 }),
      lots: fc.integer({ min: 0, max: 30_000 }),
      orders: fc.array(anyOrder, { maxLength: 2 }),
      style: fc.constantFrom('limit' as const, 'market' as const, 'chase' as const, 'post_only' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(any, ({ views, free, lots, orders, style, share }) => {
        const quantity = decimal(lots).div(100_000).toFixed();
        const [btc, usdt] = [
          { asset: 'BTC', free: quantity, reserved: '0', dust: '0' },
          { asset: 'USDT', free: String(free), reserved: '0', dust: '0' },
        ];
        const prices = { 'BTC/USDT': 60_000, 'ETH/USDT': 3_000 };
        const openOrders = orders.map((one) => openOrder({ ...one, limitPrice: String(prices[one.symbol]) }));
        const portfolios = [{ name: 'main', share, symbols: Object.keys(prices) }];
        const { legs, equity } = plan(
          { views, allocation: { ...allocation, portfolios }, execution: { ...execution, style } },
          { ...held(quantity), balances: [usdt, btc], openOrders },
        );
        const buys = legs.filter(({ side }) => side === 'buy');
        const reserved = buys.reduce((total, leg) => total.plus(reservationAmount(leg)), decimal(0));
        expect(reserved.lessThanOrEqualTo(free)).toBe(true);

        const notionalOf = (one: { quantity: string; limitPrice: string }): Decimal =>
          decimal(one.quantity).times(one.limitPrice);
        for (const leg of buys) expect(notionalOf(leg).lessThanOrEqualTo(limits.maxOrderNotional)).toBe(true);
        const bought = [...buys, ...openOrders.filter(({ side }) => side === 'buy')];
        const exposure = (of: string): Decimal =>
          bought
            .filter(({ symbol }) => symbol === of)
            .reduce(
              (total, one) => total.plus(notionalOf(one)),
              of === 'BTC/USDT' ? decimal(quantity).times(60_000) : ZERO,
            );
        const capOf = (cap: number): Decimal => decimal(equity).times(cap).plus('0.000001');
        for (const { symbol } of buys) {
          expect(exposure(symbol).lessThanOrEqualTo(capOf(limits.maxSymbolExposure))).toBe(true);
          const all = exposure('BTC/USDT').plus(exposure('ETH/USDT'));
          expect(all.lessThanOrEqualTo(capOf(Math.min(share, limits.maxGrossExposure)))).toBe(true);
        }
        for (const leg of legs.filter(({ side }) => side === 'sell'))
          expect(decimal(leg.quantity).lessThanOrEqualTo(quantity)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('orders within a minute', () => {
  it('are planned up to the limit, and the rest is left to the next cycle with its capital free', () => {
    const views = ['BTC/USDT', 'ETH/USDT'].map((symbol) => ({ ...up, symbol }));
    const all = plan({ views });
    expect(all.legs.map(({ symbol }) => symbol)).toEqual(['BTC/USDT', 'ETH/USDT']);
    const { legs, verdicts } = plan({ views, limits: { ...limits, maxOrdersPerMinute: 5 } }, { sentOfMinute: 4 });
    expect(legs.map(({ symbol }) => symbol)).toEqual(['BTC/USDT']);
    expect(verdicts.find(({ code }) => code === 'OrderRate')).toMatchObject({
      symbol: 'ETH/USDT',
      limit: '5',
      value: '6',
      after: '0',
    });
  });

  it('never hold up what reduces', () => {
    const { legs } = plan({ views: [down] }, { ...held('0.05'), sentOfMinute: 1_000 });
    expect(legs.map(({ side }) => side)).toEqual(['sell']);
  });
});
