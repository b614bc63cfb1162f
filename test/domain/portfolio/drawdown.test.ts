import { describe, expect, it } from 'vitest';
import type { Books } from '../../../domain/portfolio/request.ts';
import type { Plain } from '../../support/plain.ts';
import { codes, held, openOrder, plan, snapshot } from './plan.ts';

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
