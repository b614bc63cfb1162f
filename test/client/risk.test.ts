import { describe, expect, it } from 'vitest';
import { riskText } from '../../client/controls/risk-settings.ts';
import { knownPrices } from '../../client/views/prices.ts';
import { exposureOf, limitViews, type RiskFacts } from '../../client/views/risk-view.ts';
import { addedFaults } from '../../contracts/config/faults.ts';
import { limitFaults } from '../../contracts/config/limit-faults.ts';
import { type RiskSettings, riskSchema } from '../../contracts/config/schema.ts';
import { ExitCode } from '../../contracts/errors.ts';
import type { Money, Price, Quantity } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { flatPosition } from '../../domain/portfolio/position.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';

const limits = riskSchema.parse({});
const configuration = parseConfiguration(
  { allocation: { portfolios: [{ name: 'small', share: 0.1, symbols: ['BTC/USDT'] }] } },
  'trading.yml',
);

describe('a change of limits', () => {
  it.each([
    [['maxDailyLoss=0.03'], { maxDailyLoss: 0.03 }],
    [['maxOrderNotional=1000'], { maxOrderNotional: '1000' }],
    [['dayResetHour=7', 'maxOrderNotional=0.5'], { dayResetHour: 7, maxOrderNotional: '0.5' }],
  ])('%j asks for %j and for nothing else', (texts, change) => expect(riskText.parse(texts)).toEqual(change));

  it.each([
    [
      ['maxDailyLos=0.03'],
      /there is no limit "maxDailyLos", did you mean "maxDailyLoss"\? The limits are maxSymbolExposure, .*maxDailyFees/,
    ],
    [['maxDailyLoss'], /"maxDailyLoss" is not of the form KEY=VALUE/],
    [['maxDailyLoss=lots'], /maxDailyLoss: .*\(it is "lots"\)/],
    [['maxDailyLoss='], /maxDailyLoss: .*\(it is ""\)/],
    [['maxDailyLoss=1.5'], /maxDailyLoss: must be a share above 0 and up to 1: 1\.5 % is 0\.015 \(it is "1\.5"\)/],
    [['dayResetHour=7.5'], /dayResetHour: must be a whole number from 0 to 23 \(it is "7\.5"\)/],
    [['maxOrderNotional=-5'], /maxOrderNotional: must be above zero \(it is "-5"\)/],
    [['maxOrderNotional=1e3'], /maxOrderNotional: must be a decimal number in plain notation/],
    [['maxDailyLoss=0.1', 'maxDailyLoss=0.2'], /maxDailyLoss is given twice/],
    [['toString=1'], /there is no limit "toString"/],
    [['maxDailyLoss=2', 'x=1'], /maxDailyLoss: .*; there is no limit "x"/],
  ])('%j is refused with its fault, and nothing is changed', (texts, message) => {
    const refuse = (): unknown => riskText.parse(texts);
    expect(refuse).toThrow(message);
    expect(refuse).toThrow(/^No limit was changed: /);
    expect(refuse).toThrow(expect.objectContaining({ exitCode: ExitCode.usage }));
  });

  it('keeps the limits that hold today, and refuses what the whole would not allow', () => {
    const faults = (change: Partial<RiskSettings>, before: Partial<RiskSettings> = {}): string[] =>
      addedFaults(
        (all: RiskSettings) => limitFaults(all, configuration),
        { ...limits, ...before },
        { ...limits, ...before, ...change },
      );
    expect(faults({})).toEqual([]);
    expect(faults({ minHoldingSeconds: 43_200 })).toEqual([
      expect.stringMatching(
        /^minHoldingSeconds: must be below protection\.timeLimitMinutes, 43200 s.*\(it is 43200\)$/,
      ),
    ]);
    expect(faults({ maxSnapshotAgeSeconds: 1 })).toEqual([
      expect.stringMatching(/^maxSnapshotAgeSeconds: must be at least 45/),
    ]);
    expect(faults({ maxSnapshotAgeSeconds: 3_601 })).toEqual([
      expect.stringMatching(/^maxSnapshotAgeSeconds: must be a number of seconds .* up to 3600 \(it is 3601\)/),
      expect.stringMatching(/^maxSnapshotAgeSeconds: must not be above cycle\.horizonMinutes, 3600 s/),
    ]);
    expect(faults({ maxGrossExposure: 0.001 })).toEqual([
      expect.stringMatching(/^minTradeShare: must not be above maxGrossExposure.*\(it is 0\.01\)$/),
    ]);
    expect(faults({ minTradeShare: 0.2 })).toEqual([
      expect.stringMatching(
        /^allocation\.portfolios\.0\.share: must not be below risk\.minTradeShare, 0\.2.*\(it is 0\.1\)$/,
      ),
    ]);
    // What stood there before keeps nobody from changing something else.
    expect(faults({ maxDailyLoss: 0.02 }, { maxSnapshotAgeSeconds: 10 })).toEqual([]);
    expect(faults({ maxSnapshotAgeSeconds: 11 }, { maxSnapshotAgeSeconds: 10 })).toHaveLength(1);
    expect(() => riskText.refuse([])).not.toThrow();
    expect(() => riskText.refuse(faults({ maxGrossExposure: 2 }))).toThrow(/^No limit was changed: maxGrossExposure: /);
  });

  it('is told key by key', () => {
    const after = { ...limits, maxDailyLoss: 0.03 };
    expect(riskText.changed({ before: limits, after })).toEqual([
      { key: 'maxDailyLoss', before: '0.05', after: '0.03' },
    ]);
    expect(riskText.changed({ before: limits, after: limits })).toEqual([]);
    expect(riskText.changed({ before: undefined, after }).map(({ key }) => key)).toEqual(riskText.keys);
  });
});

describe('where the account stands against its limits', () => {
  const cycles = [
    { snapshot: { snapshotId: 'b', takenAt: 2_000, venue: 'binance', mids: { 'BTC/USDT': tagged('50000') } } },
    { snapshot: undefined, prices: { takenAt: 1_500, mids: { 'DOT/USDT': tagged('7') } } },
    {
      prices: { takenAt: 1_100, mids: { 'DOT/USDT': tagged('1'), 'SOL/USDT': tagged('150') } },
      snapshot: {
        snapshotId: 'a',
        takenAt: 1_000,
        venue: 'binance',
        mids: { 'BTC/USDT': tagged('1'), 'ETH/USDT': tagged('3000') },
      },
    },
  ] satisfies Parameters<typeof knownPrices>[0];
  const prices = knownPrices(cycles, undefined);
  it('goes by the newest price of each symbol, of cycles that decided nothing too', () => {
    expect(Object.fromEntries(prices)).toEqual({
      'BTC/USDT': { mid: '50000', at: 2_000 },
      'DOT/USDT': { mid: '7', at: 1_500 },
      'SOL/USDT': { mid: '150', at: 1_100 },
      'ETH/USDT': { mid: '3000', at: 1_000 },
    });
  });

  it('goes by the last mark where no cycle has a newer price, as while trading is halted', () => {
    const marks = { at: 1_800, prices: { 'BTC/USDT': '49000', 'ETH/USDT': '2900' } };
    expect(Object.fromEntries(knownPrices(cycles, marks))).toMatchObject({
      'BTC/USDT': { mid: '50000', at: 2_000 },
      'ETH/USDT': { mid: '2900', at: 1_800 },
      'SOL/USDT': { mid: '150', at: 1_100 },
    });
  });

  const order = {
    symbol: 'BTC/USDT',
    side: 'buy',
    quantity: tagged<Quantity>('0.02'),
    filledQuantity: tagged<Quantity>('0'),
    limitPrice: tagged<Price>('50000'),
  } as const;
  const facts: RiskFacts = {
    limits,
    positions: [
      { ...flatPosition('BTC/USDT'), quantity: tagged('0.0199'), dust: tagged('0.0001'), averageCost: tagged('45000') },
      { ...flatPosition('ETH/USDT'), quantity: tagged('1'), averageCost: tagged('2900') },
      flatPosition('SOL/USDT'),
    ],
    openOrders: [
      { ...order, filledQuantity: tagged('0.01'), state: 'partially_filled' },
      { ...order, state: 'unresolved' },
      { ...order, side: 'sell', state: 'accepted' },
    ],
    recentOrders: [
      { createdAt: 99_000, state: 'filled' },
      { createdAt: 50_000, state: 'denied' },
      { createdAt: 40_001, state: 'accepted' },
      { createdAt: 40_000, state: 'filled' },
    ],
    marks: { equity: tagged('9500'), dayOpen: tagged('10000'), highWater: tagged('9500'), at: 0 },
    day: { opening: tagged('10000'), turnover: tagged('12345.6'), fees: tagged('12.34567') },
    prices,
    now: 100_000,
  };

  it('counts what is booked, what works, and what is unknown at its worst', () => {
    expect(exposureOf(facts)).toEqual({
      bySymbol: [
        { symbol: 'BTC/USDT', booked: '1000', working: '1500', exposure: '2500' },
        { symbol: 'ETH/USDT', booked: '3000', working: '0', exposure: '3000' },
      ],
      gross: '5500',
      pricedAt: 1_000,
    });
  });

  it('puts each number beside its limit, in the limit’s own unit', () => {
    const current = Object.fromEntries(limitViews(facts).map((view) => [view.key, view.current]));
    expect(current).toMatchObject({
      maxSymbolExposure: '0.3158',
      maxGrossExposure: '0.5789',
      maxOrdersPerMinute: '2',
      maxDailyLoss: '0.05',
      maxDrawdown: '0',
      reduceDrawdown: '0',
      priceCollarBps: undefined,
      maxDailyTurnover: '1.2346',
      maxDailyFees: '0.0012',
    });
    expect(Object.keys(current)).toEqual(riskText.keys);
  });

  it('counts the first step of the drawdown guard from where it last came to rest, and the last from the peak', () => {
    const [equity, highWater] = [tagged<Money>('9500'), tagged<Money>('10000')];
    const marks = { equity, dayOpen: equity, highWater, at: 0 };
    const falls = (one: RiskFacts['marks']) =>
      Object.fromEntries(limitViews({ ...facts, marks: one }).map((view) => [view.key, view.current]));
    expect(falls({ ...marks, guardPeak: tagged('9600') })).toMatchObject({
      reduceDrawdown: '0.0104',
      maxDrawdown: '0.05',
    });
    expect(falls(marks)).toMatchObject({ reduceDrawdown: '0.05', maxDrawdown: '0.05' });
  });

  it('says nothing where a price or a mark is not known', () => {
    const blind = { ...facts, prices: new Map(), marks: undefined, day: { ...facts.day, opening: undefined } };
    expect(exposureOf(blind)).toMatchObject({ gross: undefined, bySymbol: [{ booked: undefined }, {}] });
    const current = Object.fromEntries(limitViews(blind).map((view) => [view.key, view.current]));
    expect(current).toMatchObject({
      maxSymbolExposure: undefined,
      maxGrossExposure: undefined,
      maxDailyLoss: undefined,
      maxDailyTurnover: undefined,
      maxDailyFees: undefined,
    });
  });
});
