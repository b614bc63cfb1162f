import type { MarketSnapshot, SymbolSnapshot } from '../../../domain/market/market.ts';
import { pricesIn } from '../../../domain/market/prices.ts';
import { decimal } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { AllocationSettings } from '../../../domain/portfolio/allocation.ts';
import { planOrders } from '../../../domain/portfolio/planning.ts';
import type { BookedPosition, OrderPlan } from '../../../domain/portfolio/portfolio.ts';
import type { Books, ExecutionTerms, PlanRequest, RiskLimits, View } from '../../../domain/portfolio/request.ts';
import type { Plain, Taking } from '../../support/plain.ts';

export const limits: Plain<RiskLimits> = {
  maxSymbolExposure: 0.3,
  maxGrossExposure: 0.5,
  maxOrderNotional: '2500',
  minOrderNotional: '10',
  maxOrdersPerMinute: 30,
  minTradeShare: 0.01,
  priceCollarBps: 20,
  costBuffer: 0.2,
  maxSnapshotAgeMs: 60_000,
  maxPriceAgeMs: 10_000,
  maxDailyLoss: 0.05,
  reduceDrawdown: 0.06,
  maxDrawdown: 0.09,
  maxLossStreak: 3,
  coolDownMinutes: 10,
  minHoldingMs: 300_000,
  reentryPauseMs: 600_000,
  maxDailyTurnover: 5,
  maxDailyFees: 0.005,
};

export const allocation: AllocationSettings = {
  method: 'kelly',
  kellyFraction: 0.25,
  targetVolatility: 0.5,
  portfolios: [{ name: 'main', share: 1, symbols: ['BTC/USDT', 'ETH/USDT'] }],
};
export const execution: Plain<ExecutionTerms> = {
  style: 'limit',
  timeInForce: 'IOC',
  restMs: 1_000,
  submissions: 3,
  sliceAboveNotional: '5000',
  slices: 3,
  sliceMs: 2_000,
};

/** A market of five units on each side. */
export function market(symbol: string, bid: string, ask: string): SymbolSnapshot {
  const [base = '', quote = ''] = symbol.split('/');
  const seen: Plain<SymbolSnapshot> = {
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
  return seen as SymbolSnapshot;
}

export const snapshot: MarketSnapshot = {
  snapshotId: 's',
  venue: 'binance',
  mode: 'paper',
  takenAt: 1_000_000,
  symbols: [market('BTC/USDT', '59999', '60001'), market('ETH/USDT', '2999.9', '3000.1')],
};

export const up: View = {
  symbol: 'BTC/USDT',
  direction: 'up',
  expectedReturn: 0.006,
  uncertainty: 0.01,
  conviction: 1,
};
const cash: Plain<Books> = {
  tradingState: 'active',
  stateSince: 0,
  epoch: 4,
  balances: [{ asset: 'USDT', free: '10000', reserved: '0', dust: '0' }],
  positions: [],
  openOrders: [],
  marks: undefined,
  closedTrades: [],
  lastSales: [],
  sentOfMinute: 0,
  day: { opening: undefined, turnover: '0', fees: '0' },
  upheld: [],
};

export const HORIZON_MS = 3_600_000;

/** A plan of an account with 10,000 USDT that sees BTC rise. */
export function plan(changes: Plain<Partial<PlanRequest>> = {}, books: Plain<Partial<Books>> = {}) {
  return (planOrders as Taking<typeof planOrders>)(
    {
      cycleId: tagged('c1'),
      correlationId: 'c1',
      account: 'main',
      currency: 'USDT',
      epoch: 4,
      configured: ['BTC/USDT', 'ETH/USDT'],
      views: [up],
      horizonMs: HORIZON_MS,
      snapshot,
      prices: pricesIn((changes.snapshot ?? snapshot) as MarketSnapshot),
      limits,
      allocation,
      execution,
      now: 1_000_500,
      legIdOf: (symbol, leg, purpose) => tagged(`${symbol}-${leg}-${purpose}`),
      ...changes,
    },
    { ...cash, ...books },
  );
}

export const down: View = { ...up, direction: 'down', expectedReturn: -0.006 };

export function position(symbol: string, quantity: string, dust = '0'): Plain<BookedPosition> {
  return { symbol, quantity, averageCost: '60000', realizedPnl: '0', dust, dustCost: '0', openedAt: 0 };
}

export function held(quantity: string): Plain<Pick<Books, 'positions' | 'balances'>> {
  return {
    positions: [position('BTC/USDT', quantity)],
    balances: [
      { asset: 'USDT', free: '10000', reserved: '0', dust: '0' },
      { asset: 'BTC', free: quantity, reserved: '0', dust: '0' },
    ],
  };
}

/** An hour after everything here was bought. */
export const NOW = 1_000_500 + HORIZON_MS;
export const seen = { snapshot: { ...snapshot, takenAt: NOW - 500 }, now: NOW };

/** Of 10,000 USDT at BTC's mid of 60,000, so much of it in BTC, the rest in cash. */
export function invested(quantity: string, changes: Plain<Partial<Books>> = {}): Plain<Partial<Books>> {
  const cash = decimal('10000').minus(decimal(quantity).times(60_000)).toFixed();
  return {
    positions: [position('BTC/USDT', quantity)],
    balances: [
      { asset: 'USDT', free: cash, reserved: '0', dust: '0' },
      { asset: 'BTC', free: quantity, reserved: '0', dust: '0' },
    ],
    ...changes,
  };
}

/** A plan an hour after the position was opened, whose view `ageMs` ago was upheld for the last time. */
export function later(view: Partial<View>, quantity: string, ageMs: number, books: Plain<Partial<Books>> = {}) {
  const upheld = [{ symbol: 'BTC/USDT', at: NOW - ageMs }];
  return plan({ ...seen, views: [{ ...up, ...view }] }, { ...invested(quantity), upheld, ...books });
}

export function openOrder(
  changes: Plain<Partial<Books['openOrders'][number]>> = {},
): Plain<Books['openOrders'][number]> {
  return {
    symbol: 'BTC/USDT',
    state: 'accepted',
    side: 'buy',
    quantity: '1',
    filledQuantity: '0',
    limitPrice: '1',
    ...changes,
  };
}

export const codes = ({ verdicts }: OrderPlan): string[] => verdicts.map(({ code }) => code);
