import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AllocationSettings } from '../../domain/allocation.ts';
import type { MarketSnapshot } from '../../domain/market.ts';
import { decimal } from '../../domain/money.ts';
import { planOrders } from '../../domain/planning.ts';
import { reservationAmount } from '../../domain/reservation.ts';
import type { Books, ExecutionTerms, PlanRequest, RiskLimits, View } from '../../domain/risk.ts';

const limits: RiskLimits = {
  maxSymbolExposure: 0.3,
  maxGrossExposure: 0.5,
  maxOrderNotional: '2500',
  minOrderNotional: '10',
  minTradeShare: 0.01,
  priceCollarBps: 20,
  costBuffer: 0.2,
  maxSnapshotAgeMs: 10_000,
  maxDailyLoss: 0.05,
  reduceDrawdown: 0.06,
  maxDrawdown: 0.09,
  maxLossStreak: 3,
  coolDownMinutes: 10,
};

const allocation: AllocationSettings = {
  method: 'kelly',
  kellyFraction: 0.25,
  targetVolatility: 0.5,
  portfolios: [{ name: 'main', share: 1, symbols: ['BTC/USDT', 'ETH/USDT'] }],
};
const execution: ExecutionTerms = {
  style: 'limit',
  timeInForce: 'IOC',
  restMs: 1_000,
  submissions: 3,
  sliceAboveNotional: '5000',
  slices: 3,
  sliceMs: 2_000,
};

function market(symbol: string, bid: string, ask: string): MarketSnapshot['symbols'][number] {
  const [base = '', quote = ''] = symbol.split('/');
  return {
    instrument: {
      symbol,
      base,
      quote,
      tickSize: '0.01',
      stepSize: '0.00001',
      minQuantity: '0.00001',
      minNotional: '5',
      makerFeeRate: '0.001',
      takerFeeRate: '0.001',
    },
    candles: [],
    book: { bids: [[bid, '5']], asks: [[ask, '5']] },
  };
}

const snapshot: MarketSnapshot = {
  snapshotId: 's',
  venue: 'binance',
  mode: 'paper',
  takenAt: 1_000_000,
  symbols: [market('BTC/USDT', '59999', '60001'), market('ETH/USDT', '2999.9', '3000.1')],
};

const up: View = { symbol: 'BTC/USDT', direction: 'up', expectedReturn: 0.006, uncertainty: 0.01, conviction: 1 };
const cash: Books = {
  tradingState: 'active',
  epoch: 4,
  balances: [{ asset: 'USDT', free: '10000', reserved: '0', dust: '0' }],
  positions: [],
  openOrders: [],
  marks: undefined,
  closedTrades: [],
};

function plan(changes: Partial<PlanRequest> = {}, books: Partial<Books> = {}) {
  return planOrders(
    {
      cycleId: 'c1',
      correlationId: 'c1',
      account: 'main',
      currency: 'USDT',
      epoch: 4,
      views: [up],
      snapshot,
      limits,
      allocation,
      execution,
      now: 1_000_500,
      legIdOf: (symbol, leg, purpose) => `${symbol}-${leg}-${purpose}`,
      ...changes,
    },
    { ...cash, ...books },
  );
}

const held = (quantity: string) => ({
  positions: [{ symbol: 'BTC/USDT', quantity, averageCost: '60000', realizedPnl: '0', dust: '0', openedAt: 0 }],
  balances: [
    { asset: 'USDT', free: '10000', reserved: '0', dust: '0' },
    { asset: 'BTC', free: quantity, reserved: '0', dust: '0' },
  ],
});
const codes = (result: ReturnType<typeof plan>) => result.verdicts.map(({ code }) => code);

describe('a plan', () => {
  it('buys the wanted share at the collar, floored to step and tick, and says what bound it', () => {
    const result = plan();
    expect(result.legs).toHaveLength(1);
    // Kelly 0.25 · 0.006 / 0.0001 = 15 → 0.3 of 10,000 = 3,000 → 2,500 at most; 60001 · 1.002 = 60121.002.
    expect(result.legs[0]).toMatchObject({
      side: 'buy',
      purpose: 'open',
      limitPrice: '60121',
      quantity: '0.04158',
      epoch: 4,
    });
    expect(result.verdicts).toMatchObject([
      { code: 'SymbolExposure', before: '15', after: '0.3' },
      { code: 'OrderNotional', before: '3000', after: '2500' },
    ]);
  });

  it.each([
    ['halted', {}, { tradingState: 'halted' as const }, 'TradingHalted'],
    ['under an old epoch', {}, { epoch: 5 }, 'StaleEpoch'],
    ['on stale data', { now: 1_010_001 }, {}, 'MarketDataStale'],
    ['while reducing', {}, { tradingState: 'reducing' as const }, 'TradingReducing'],
    ['below the daily loss', {}, { marks: { dayOpen: '10527', highWater: '10527' } }, 'DailyLoss'],
    ['in the drawdown', {}, { marks: { dayOpen: '10000', highWater: '10990' } }, 'Drawdown'],
    ['in the first step of the drawdown', {}, { marks: { dayOpen: '10000', highWater: '10639' } }, 'TradingReducing'],
    [
      'after a streak of losses',
      {},
      { closedTrades: [999_000, 998_000, 997_000].map((closedAt) => ({ realizedPnl: '-1', closedAt })) },
      'CoolDown',
    ],
    [
      'with an order in flight',
      {},
      {
        openOrders: [
          { symbol: 'BTC/USDT', state: 'accepted' as const, side: 'buy' as const, quantity: '1', limitPrice: '1' },
        ],
      },
      'OrderInFlight',
    ],
    [
      'on a symbol with an order of unknown end',
      {},
      {
        openOrders: [
          { symbol: 'BTC/USDT', state: 'unresolved' as const, side: 'buy' as const, quantity: '1', limitPrice: '1' },
        ],
      },
      'SymbolFrozen',
    ],
    ['against its cost', { views: [{ ...up, expectedReturn: 0.0024 }] }, {}, 'CostGate'],
  ])('opens nothing %s', (_name, changes, books, code) => {
    const result = plan(changes, books);
    expect(result.legs).toEqual([]);
    expect(codes(result)).toContain(code);
  });

  it('lets the edge pass that pays for fees, spread and slippage both ways', () => {
    // (0.001 + 1/60000) · 2 · 1.2 = 0.00244
    expect(plan({ views: [{ ...up, expectedReturn: 0.00244 }] }).legs).toHaveLength(0);
    expect(plan({ views: [{ ...up, expectedReturn: 0.002441 }] }).legs).toHaveLength(1);
  });

  it('may still reduce while only reducing passes', () => {
    const down = { views: [{ ...up, direction: 'down' as const, expectedReturn: -0.006 }] };
    const result = plan(down, { ...held('0.1'), tradingState: 'reducing' });
    expect(result.legs).toMatchObject([{ side: 'sell', purpose: 'flatten', quantity: '0.1', limitPrice: '59879' }]);
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

  it('holds on a flat view and without a quorum', () => {
    for (const direction of ['flat', 'none'] as const)
      expect(plan({ views: [{ ...up, direction }] }, held('0.1')).legs).toEqual([]);
  });

  it('does not sell what it has not, nor top up what is there', () => {
    expect(plan({ views: [{ ...up, direction: 'down', expectedReturn: -0.006 }] }).legs).toEqual([]);
    expect(
      plan({}, { ...held('0.1'), balances: [{ asset: 'USDT', free: '4000', reserved: '0', dust: '0' }] }).legs,
    ).toEqual([]);
  });

  it('scales all buys down together under the gross limit', () => {
    const views: View[] = [up, { ...up, symbol: 'ETH/USDT' }];
    const result = plan({ views, limits: { ...limits, maxOrderNotional: '100000', maxGrossExposure: 0.4 } });
    const notionals = result.legs.map(({ quantity, symbol }) =>
      decimal(quantity)
        .times(symbol === 'BTC/USDT' ? 60_000 : 3_000)
        .toNumber(),
    );
    expect(codes(result)).toContain('GrossExposure');
    for (const notional of notionals) expect(notional).toBeCloseTo(1996, -1);
  });

  it('counts what is open elsewhere at its worst', () => {
    const openOrders = [
      { symbol: 'ETH/USDT', state: 'unresolved' as const, side: 'buy' as const, quantity: '1.5', limitPrice: '3000' },
    ];
    const result = plan({}, { openOrders });
    expect(result.verdicts.find(({ code }) => code === 'GrossExposure')).toMatchObject({
      before: '3000',
      after: '500',
    });
    expect(result.legs).toMatchObject([{ quantity: '0.00831' }]);
  });

  it('leaves dust alone', () => {
    const result = plan({ views: [{ ...up, direction: 'down', expectedReturn: -0.006 }] }, held('0.00009'));
    expect(result.legs).toEqual([]);
    expect(codes(result)).toEqual(['MinNotional']);
  });

  it('still sells what is free of a frozen symbol, and no more', () => {
    const down = { views: [{ ...up, direction: 'down' as const, expectedReturn: -0.006 }] };
    const openOrders = [
      { symbol: 'BTC/USDT', state: 'unresolved' as const, side: 'sell' as const, quantity: '0.06', limitPrice: '1' },
    ];
    const balances = [{ asset: 'BTC', free: '0.04', reserved: '0.06', dust: '0' }];
    expect(plan(down, { ...held('0.1'), balances, openOrders }).legs).toMatchObject([
      { side: 'sell', quantity: '0.04' },
    ]);
  });

  it('counts dust as equity', () => {
    const [position] = held('0').positions;
    const positions = position ? [{ ...position, dust: '0.0001' }] : [];
    expect(plan({}, { positions }).equity).toBe('10006');
  });

  it('sells before it buys, and makes one plan of several symbols', () => {
    const views: View[] = [
      { ...up, symbol: 'ETH/USDT' },
      { ...up, direction: 'down', expectedReturn: -0.006 },
    ];
    const { legs, allocations } = plan({ views }, held('0.01'));
    expect(legs).toMatchObject([
      { side: 'sell', symbol: 'BTC/USDT', legId: 'BTC/USDT-0-flatten' },
      { side: 'buy', symbol: 'ETH/USDT', legId: 'ETH/USDT-1-open' },
    ]);
    expect(allocations).toMatchObject([
      { portfolio: 'main', symbol: 'ETH/USDT', share: 0.3, boundBy: ['SymbolExposure'] },
    ]);
  });

  it.each<[string, Partial<ExecutionTerms>, Record<string, unknown>]>([
    ['limit', {}, { type: 'limit', timeInForce: 'IOC', working: { style: 'once' } }],
    ['fill or kill', { timeInForce: 'FOK' }, { type: 'limit', timeInForce: 'FOK' }],
    ['post-only', { style: 'post_only' }, { type: 'post_only', timeInForce: 'GTC', working: { style: 'once' } }],
    ['chase', { style: 'chase' }, { type: 'post_only', working: { style: 'chase', submissions: 3 } }],
    [
      'chase of a large order',
      { style: 'chase', sliceAboveNotional: '100' },
      { working: { style: 'chase', submissions: 3 } },
    ],
    ['market', { style: 'market' }, { type: 'market', timeInForce: 'IOC' }],
    [
      'slices of a large order',
      { sliceAboveNotional: '1000' },
      { type: 'limit', working: { style: 'twap', slices: ['0.01386', '0.01386', '0.01386'], intervalMs: 2_000 } },
    ],
    [
      'slices that leave a rest',
      { sliceAboveNotional: '1000', slices: 4 },
      { working: { style: 'twap', slices: ['0.01039', '0.01039', '0.01039', '0.01041'], intervalMs: 2_000 } },
    ],
    ['no slice below the least order', { sliceAboveNotional: '1', slices: 50 }, { working: { style: 'twap' } }],
  ])('works an order as %s', (_style, changes, expected) => {
    const { legs } = plan({ execution: { ...execution, ...changes } });
    expect(legs).toMatchObject([expected]);
    const { working } = legs[0] ?? {};
    if (working?.style !== 'twap') return;
    const total = working.slices.reduce((sum, slice) => sum.plus(slice), decimal(0));
    expect(total.toFixed()).toBe(legs[0]?.quantity);
    for (const slice of working.slices) expect(decimal(slice).times(60_121).greaterThanOrEqualTo(10)).toBe(true);
  });

  it('slices no finer than the least order allows', () => {
    const { legs } = plan({
      execution: { ...execution, sliceAboveNotional: '1', slices: 50 },
      limits: { ...limits, minOrderNotional: '1000' },
    });
    expect(legs).toMatchObject([{ working: { style: 'twap', slices: ['0.02079', '0.02079'] } }]);
  });

  it('sends no market order that the book does not fill within the collar', () => {
    const thin = { ...market('BTC/USDT', '59999', '60001') };
    const book = { ...thin.book, asks: [['60001', '0.01'] as [string, string], ['61000', '5'] as [string, string]] };
    const symbols = [{ ...thin, book }];
    const result = plan({
      execution: { ...execution, style: 'market' },
      snapshot: { ...snapshot, symbols },
      views: [{ ...up, expectedReturn: 0.2 }],
    });
    expect(result.legs).toMatchObject([{ type: 'limit', timeInForce: 'IOC', limitPrice: '60121' }]);
    expect(result.verdicts).toContainEqual(
      expect.objectContaining({ code: 'MarketCollar', limit: '60121', value: '61000' }),
    );
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
    fc.assert(
      fc.property(
        anyView('BTC/USDT'),
        anyView('ETH/USDT'),
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 0, max: 30_000 }),
        (btc, eth, free, lots) => {
          const quantity = decimal(lots).div(100_000).toFixed();
          const books = {
            ...held(quantity),
            balances: [
              { asset: 'USDT', free: String(free), reserved: '0', dust: '0' },
              { asset: 'BTC', free: quantity, reserved: '0', dust: '0' },
            ],
          };
          const { legs, equity } = plan({ views: [btc, eth] }, books);
          const buys = legs.filter(({ side }) => side === 'buy');
          const reserved = buys.reduce((total, leg) => total.plus(reservationAmount(leg)), decimal(0));
          expect(reserved.lessThanOrEqualTo(free)).toBe(true);
          for (const leg of buys) {
            const notional = decimal(leg.quantity).times(leg.limitPrice);
            expect(notional.lessThanOrEqualTo(limits.maxOrderNotional)).toBe(true);
            expect(notional.lessThanOrEqualTo(decimal(equity).times(limits.maxSymbolExposure).times(1.003))).toBe(true);
          }
          for (const leg of legs.filter(({ side }) => side === 'sell'))
            expect(decimal(leg.quantity).lessThanOrEqualTo(quantity)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
