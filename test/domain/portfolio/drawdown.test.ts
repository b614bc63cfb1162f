import { describe, expect, it } from 'vitest';
import { NO_BOOK, pricesIn } from '../../../domain/market/prices.ts';
import type { Books } from '../../../domain/portfolio/request.ts';
import type { Plain } from '../../support/plain.ts';
import { codes, held, openOrder, plan, position, snapshot } from './plan.ts';

const REST_MS = 86_400_000;
const NOW = 20_000 * REST_MS;
const seen = { snapshot: { ...snapshot, takenAt: NOW - 500 }, now: NOW };
/** 6 % and a little below its peak, in cash. */
const fallen: Plain<Partial<Books>> = {
  tradingState: 'reducing',
  stateSince: NOW - REST_MS,
  marks: { dayOpen: '10000', highWater: '10639' },
};
const sale = (ageMs: number) => ({ realizedPnl: '-1', closedAt: NOW - ageMs });

describe('an account that only reduces', () => {
  it('opens again when it has held nothing for a day, and counts its first step from there', () => {
    const { restriction, verdicts, legs } = plan(seen, fallen);
    expect(restriction).toEqual({
      to: 'active',
      code: 'DrawdownRested',
      limit: '86400000 ms',
      value: '86400000 ms',
      guardPeak: '10000',
    });
    expect(verdicts[0]).toMatchObject({ code: 'DrawdownRested', symbol: '*', before: 'reducing', after: 'active' });
    expect(legs).toMatchObject([{ side: 'buy' }]);
  });

  it.each<[string, Plain<Partial<Books>>]>([
    ['since it was restricted', { stateSince: NOW - REST_MS + 1 }],
    ['since its last sale', { closedTrades: [sale(REST_MS - 1), sale(2 * REST_MS)] }],
    ['with something held', { ...held('0.001'), marks: { dayOpen: '10000', highWater: '10700' } }],
    ['with an order on its way', { openOrders: [openOrder({ symbol: 'ETH/USDT' })] }],
  ])('goes on resting before that: %s', (_what, books) => {
    const result = plan(seen, { ...fallen, ...books });
    expect(result.restriction).toBeUndefined();
    expect(codes(result)).toContain('TradingReducing');
  });

  it('holds nothing where no order could sell it', () => {
    // 0.0001 BTC are 6 USDT, and an order has 10.
    expect(plan(seen, { ...fallen, ...held('0.0001') }).restriction).toMatchObject({ code: 'DrawdownRested' });
    const [btc, ...others] = snapshot.symbols;
    const symbols = [{ ...btc, instrument: { ...btc?.instrument, minQuantity: '0.001' } }, ...others];
    const large = { ...seen, snapshot: { ...seen.snapshot, symbols } as typeof snapshot };
    const books = { ...fallen, ...held('0.0009'), marks: { dayOpen: '10000', highWater: '10700' } };
    expect(plan(large, books).restriction).toMatchObject({ code: 'DrawdownRested' });
    expect(plan(seen, books).restriction).toBeUndefined();
  });

  it('holds nothing of its own where all was paid in', () => {
    const books = { ...fallen, ...held('0.01'), marks: { dayOpen: '10000', highWater: '11200' } };
    expect(plan({ ...seen, configured: ['ETH/USDT'] }, books).restriction).toMatchObject({ code: 'DrawdownRested' });
    expect(plan(seen, books).restriction).toBeUndefined();
  });

  describe('and holds what the exchange does not trade', () => {
    const old = (status: string, changes: Plain<Partial<Books>> = {}) => {
      const prices = pricesIn(seen.snapshot);
      const symbols = [...prices.symbols, { symbol: 'OLD/USDT', status, book: prices.symbols[1]?.book ?? NO_BOOK }];
      const positions = [{ ...position('OLD/USDT', '1'), averageCost: '1' }];
      const request = { ...seen, configured: ['OLD/USDT'], prices: { ...prices, symbols } };
      return plan(request, { ...fallen, positions, ...changes }).restriction;
    };
    const marks = { dayOpen: '10000', highWater: '13829' };

    it.each(['NOT_LISTED', 'BREAK', 'HALT'])('has rested all the same: %s', (status) => {
      const positions = [{ ...position('OLD/USDT', '1'), averageCost: '1' }];
      const prices = pricesIn(seen.snapshot);
      const without = [...prices.symbols, { symbol: 'OLD/USDT', status, book: NO_BOOK }];
      const books = { ...fallen, positions };
      expect(plan({ ...seen, prices: { ...prices, symbols: without } }, books).restriction).toMatchObject({
        code: 'DrawdownRested',
      });
      // With a book that still stands it has a price, and no order all the same.
      expect(old(status, { marks })).toMatchObject({ code: 'DrawdownRested' });
    });

    it('has not where it was traded, and upheld or bought, less than a day ago', () => {
      expect(old('TRADING', { marks })).toBeUndefined();
      const at = NOW - REST_MS + 1;
      expect(old('BREAK', { marks, upheld: [{ symbol: 'OLD/USDT', at }] })).toBeUndefined();
      expect(old('BREAK', { marks, positions: [{ ...position('OLD/USDT', '1'), openedAt: at }] })).toBeUndefined();
      expect(old('BREAK', { marks, upheld: [{ symbol: 'OLD/USDT', at: at - 1 }] })).toMatchObject({
        value: '86400000 ms',
      });
      // What is held no more says nothing.
      expect(plan(seen, { ...fallen, upheld: [{ symbol: 'OLD/USDT', at }] }).restriction).toBeDefined();
    });
  });

  it('recovers from where its first step counts', () => {
    const marks = { dayOpen: '10000', highWater: '10700', guardPeak: '10500' };
    expect(plan(seen, { ...fallen, marks }).restriction).toMatchObject({ code: 'DrawdownRecovered', limit: '9996' });
  });
});

describe('the drawdown guard after a rest', () => {
  const marks = (highWater: string, guardPeak?: string): Plain<Partial<Books>> => ({
    marks: { dayOpen: '10000', highWater, ...(guardPeak === undefined ? {} : { guardPeak }) },
  });

  it('does not bite again at once, and counts its first step from where it rested', () => {
    expect(plan({}, marks('10639')).restriction).toMatchObject({ to: 'reducing', limit: '10000.66' });
    expect(plan({}, marks('10639', '10000')).restriction).toBeUndefined();
    expect(plan({}, marks('10980', '10639')).restriction).toMatchObject({ to: 'reducing', limit: '10000.66' });
  });

  it('halts from the peak, which no rest has moved', () => {
    expect(plan({}, marks('10990', '10000')).restriction).toMatchObject({ to: 'halted', limit: '10000.9' });
  });
});
