import { describe, expect, it } from 'vitest';
import { pricesIn } from '../../../domain/market/prices.ts';
import type { Books, PlanRequest, View } from '../../../domain/portfolio/request.ts';
import type { Plain } from '../../support/plain.ts';
import { codes, HORIZON_MS, invested, later, limits, market, NOW, plan, position, seen, snapshot, up } from './plan.ts';

describe('what a sale would leave', () => {
  // Of 60 USDT 18 are held, of which 0.25 · 0.2 · 0.0005 / 0.02² = 0.0625 would be kept: 3.75 USDT.
  const small = (quantity: string, free = quantity): Plain<Partial<Books>> => ({
    positions: [position('BTC/USDT', quantity)],
    balances: [
      { asset: 'USDT', free: '42', reserved: '0', dust: '0' },
      { asset: 'BTC', free, reserved: '0', dust: '0' },
    ],
  });
  const view = { ...up, expectedReturn: 0.0005, uncertainty: 0.02, conviction: 0.2 };
  const ended = (changes: Plain<Partial<PlanRequest>>, books: Plain<Partial<Books>>) =>
    plan({ ...seen, views: [view], ...changes }, { upheld: [{ symbol: 'BTC/USDT', at: 0 }], ...books });

  it('goes with it where no order could sell it', () => {
    expect(ended({}, small('0.0003')).legs).toMatchObject([{ side: 'sell', quantity: '0.0003' }]);
  });

  it('is kept where an order could sell it', () => {
    const least = (minOrderNotional: string) => ended({ limits: { ...limits, minOrderNotional } }, small('0.0003'));
    // Of 0.00023 BTC 0.00007 are left: 4.19 USDT at the limit of the order, and the exchange itself takes 5.
    expect(least('0').legs).toMatchObject([{ quantity: '0.0003' }]);
    const taken = { ...snapshot.symbols[0]?.instrument, minNotional: '4.1', minQuantity: '0.00007' };
    const market = (changes: object) => ({
      ...seen.snapshot,
      symbols: snapshot.symbols.map((one, at) => (at > 0 ? one : { ...one, instrument: { ...taken, ...changes } })),
    });
    const kept = (changes: object) =>
      ended(
        { snapshot: market(changes) as typeof snapshot, limits: { ...limits, minOrderNotional: '0' } },
        small('0.0003'),
      ).legs;
    expect(kept({})).toMatchObject([{ quantity: '0.00023' }]);
    expect(kept({ minQuantity: '0.00008' })).toMatchObject([{ quantity: '0.0003' }]);
  });

  it('is not sold where it is not free, or of an order that is as large as one may be', () => {
    expect(ended({}, small('0.0003', '0.00025')).legs).toMatchObject([{ quantity: '0.00025' }]);
    const bounded = { ...snapshot.symbols[0]?.instrument, maxQuantity: '0.00025' };
    const symbols = snapshot.symbols.map((one, at) => (at > 0 ? one : { ...one, instrument: bounded }));
    const { legs } = ended({ snapshot: { ...seen.snapshot, symbols } as typeof snapshot }, small('0.0003'));
    expect(legs).toMatchObject([{ quantity: '0.00025' }]);
  });
});

describe('what is held of a symbol that is not decided on', () => {
  const eth = [{ ...up, symbol: 'ETH/USDT', direction: 'flat' as const }];
  const outside = { code: 'NotInCycle', symbol: 'BTC/USDT', before: '0.05', after: '0.05' };

  it('has its reason: the cycle is one of others', () => {
    const { legs, verdicts } = plan({ views: eth }, invested('0.05'));
    expect(legs).toEqual([]);
    expect(verdicts).toEqual([{ ...outside, limit: 'asked for', value: 'others alone' }]);
    expect(plan({ views: eth }, { positions: [position('BTC/USDT', '0', '0.001')] }).verdicts).toEqual([]);
  });

  it("stays its owner's where it was paid in, whatever is thought of it and for how long, until it is configured or was bought", () => {
    const symbols = [...snapshot.symbols, market('BNB/USDT', '599.9', '600.1')];
    const bnb = (direction: View['direction'], changes: Plain<Partial<PlanRequest>>, books: Plain<Partial<Books>>) =>
      plan(
        {
          ...seen,
          snapshot: { ...seen.snapshot, symbols },
          views: [{ ...up, symbol: 'BNB/USDT', direction }],
          ...changes,
        },
        {
          positions: [position('BNB/USDT', '1')],
          balances: [
            { asset: 'USDT', free: '10000', reserved: '0', dust: '0' },
            { asset: 'BNB', free: '1', reserved: '0', dust: '0' },
          ],
          ...books,
        },
      );
    for (const direction of ['up', 'flat', 'down', 'none'] as const) {
      const { legs, verdicts } = bnb(direction, {}, {});
      expect(legs).toEqual([]);
      const numbers = { limit: 'configured or bought', value: 'paid in', before: '1', after: '1' };
      expect(verdicts).toEqual([{ code: 'NotInCycle', symbol: 'BNB/USDT', ...numbers }]);
    }
    const configured = ['BTC/USDT', 'BNB/USDT'];
    expect(bnb('flat', { configured }, {}).legs).toMatchObject([{ symbol: 'BNB/USDT', side: 'sell', quantity: '1' }]);
    const upheld = [{ symbol: 'BNB/USDT', at: 0 }];
    expect(bnb('flat', {}, { upheld }).legs).toMatchObject([{ symbol: 'BNB/USDT', side: 'sell', quantity: '1' }]);
    expect(bnb('up', {}, {}).equity).toBe('10600');
  });

  it('has its reason: no market was shown of it', () => {
    const shown = { ...snapshot, symbols: snapshot.symbols.slice(1) };
    const { legs, verdicts } = plan({ snapshot: shown, prices: pricesIn(snapshot) }, invested('0.05'));
    expect(legs).toEqual([]);
    expect(verdicts).toContainEqual({ ...outside, limit: 'market data', value: 'none' });
    expect(plan({ snapshot: shown, prices: pricesIn(snapshot) }).verdicts).not.toContainEqual(
      expect.objectContaining({ code: 'NotInCycle' }),
    );
  });
});

describe('what is held on a view that has ended', () => {
  const flat = { direction: 'flat', expectedReturn: 0 } as const;

  it('is sold to the last of it, without an edge, and says so', () => {
    const { legs, verdicts, upheld } = later(flat, '0.05', HORIZON_MS);
    expect(legs).toMatchObject([{ side: 'sell', purpose: 'flatten', quantity: '0.05' }]);
    expect(verdicts).toEqual([
      { code: 'ViewEnded', symbol: 'BTC/USDT', limit: '3600000 ms', value: '3600000 ms', before: '0.05', after: '0' },
    ]);
    expect(upheld).toEqual([]);
  });

  it.each(['flat', 'none', 'down'] as const)('is kept until then, whatever does not uphold it: %s', (direction) => {
    expect(later({ ...flat, direction }, '0.05', HORIZON_MS - 1).legs).toEqual([]);
    expect(later({ ...flat, direction }, '0.05', HORIZON_MS).legs).toHaveLength(1);
  });

  it('is as old as the buy where no cycle has upheld it since', () => {
    const books = (openedAt: number) => ({ positions: [{ ...position('BTC/USDT', '0.05'), openedAt }], upheld: [] });
    expect(later(flat, '0.05', 0, books(NOW - HORIZON_MS)).legs).toHaveLength(1);
    expect(later(flat, '0.05', 0, books(NOW - HORIZON_MS + 1)).legs).toEqual([]);
    // What was upheld of the holding before says nothing of this one.
    expect(later(flat, '0.05', 2 * HORIZON_MS, { positions: books(NOW - 1_000).positions }).legs).toEqual([]);
  });

  it('is kept, with the reason, where too few were heard', () => {
    const quorum = { met: false, count: 0, countNeeded: 1, weight: 0, weightNeeded: 0.5 };
    expect(later({ ...flat, direction: 'none', quorum }, '0.05', 9 * HORIZON_MS)).toMatchObject({
      legs: [],
      verdicts: [{ code: 'NoQuorum', limit: '1', value: '0' }],
      upheld: [],
    });
    // Of what is not held there is nothing to say.
    expect(plan({ views: [{ ...up, direction: 'none', quorum }] }).verdicts).toEqual([]);
  });

  it('is kept for the least holding time, with the reason', () => {
    const young = [{ ...position('BTC/USDT', '0.05'), openedAt: NOW - 120_000 }];
    const short = { ...seen, horizonMs: 60_000, views: [{ ...up, ...flat }] };
    const result = plan(short, { ...invested('0.05'), positions: young });
    expect(result.legs).toEqual([]);
    expect(codes(result)).toEqual(['ViewEnded', 'MinHolding']);
  });

  it('is sold at once where a fall pays for both ways', () => {
    // Of a certain one: a risk is a cost of holding on as well.
    const certain = { direction: 'down', uncertainty: 0 } as const;
    expect(later({ ...certain, expectedReturn: -0.00244 }, '0.05', 0).legs).toHaveLength(1);
    const refused = later({ ...certain, expectedReturn: -0.0024 }, '0.05', 0);
    expect(refused.legs).toEqual([]);
    expect(codes(refused)).toEqual(['CostGate']);
    // A fall in name alone pays for nothing.
    expect(codes(later({ direction: 'down', expectedReturn: 0.01 }, '0.05', 0))).toEqual(['CostGate']);
  });
});
