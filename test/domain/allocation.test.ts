import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type AllocationSettings,
  allocate,
  type Claim,
  kellyShare,
  nextVariance,
  volatilityScale,
  yearlyVolatility,
} from '../../domain/allocation.ts';

describe('golden tables', () => {
  // Kelly 1956, Thorp 2006: f = μ/σ²; the first is the textbook's 12 % over 20 %.
  test.each([
    [0.12, 0.2, 3],
    [0.06, 0.2, 1.5],
    [0.02, 0.4, 0.125],
    [0, 0.2, 0],
    [-0.1, 0.2, 0],
  ])('the Kelly stake of %d over %d is %d', (mu, sigma, expected) => {
    expect(kellyShare(mu, sigma)).toBeCloseTo(expected, 12);
  });

  // Moreira and Muir 2017.
  test.each([
    [0.1, 0.2, 2, 0.5],
    [0.1, 0.05, 2, 2],
    [0.1, 0.02, 2, 2],
    [0.1, 0.1, 1, 1],
    [0.1, 0, 1, 1],
  ])('a target of %d at %d, at most %d, scales by %d', (target, volatility, cap, expected) => {
    expect(volatilityScale(target, volatility, cap)).toBeCloseTo(expected, 12);
  });

  // RiskMetrics 1996, λ = 0.94.
  test.each([
    [0.0004, 0.01, 0.000382],
    [0.000382, -0.03, 0.00041308],
  ])('a variance of %d becomes %d by a return of %d', (variance, oneReturn, expected) => {
    expect(nextVariance(variance, oneReturn)).toBeCloseTo(expected, 12);
  });

  it('a constant return a minute is its own volatility over a year', () => {
    const closes = Array.from({ length: 50 }, (_, index) => 100 * Math.exp(0.001 * index));
    expect(yearlyVolatility(closes)).toBeCloseTo(0.001 * Math.sqrt(525_600), 9);
    expect(yearlyVolatility([100])).toBeUndefined();
  });
});

const claim = (symbol: string, changes: Partial<Claim> = {}): Claim => ({
  symbol,
  expectedReturn: 0.01,
  uncertainty: 0.1,
  conviction: 1,
  volatility: 1,
  ...changes,
});
const symbols = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT'];
const settings = (changes: Partial<AllocationSettings> = {}): AllocationSettings => ({
  method: 'kelly',
  kellyFraction: 0.25,
  targetVolatility: 0.5,
  portfolios: [{ name: 'main', share: 1, symbols }],
  ...changes,
});
const caps = { symbol: 0.3, gross: 0.8 };

const shares = (question: Partial<Parameters<typeof allocate>[0]>) =>
  allocate({ equity: '10000', settings: settings(), claims: [claim('BTC/USDT')], makers: [], caps, ...question });

describe('an allocation', () => {
  it('is a fraction of the Kelly stake, with what bound it', () => {
    // 0.25 · 0.01 / 0.01 = 0.25
    expect(shares({})).toEqual([
      { portfolio: 'main', kind: 'symbol', symbol: 'BTC/USDT', wanted: 0.25, share: 0.25, amount: '2500', boundBy: [] },
    ]);
    expect(shares({ claims: [claim('BTC/USDT', { expectedReturn: 0.02 })] })).toMatchObject([
      { wanted: 0.5, share: 0.3, amount: '3000', boundBy: ['SymbolExposure'] },
    ]);
    expect(shares({ claims: [claim('BTC/USDT', { conviction: 0.4 })] })).toMatchObject([{ share: 0.1 }]);
  });

  it('keeps a symbol at its target of volatility', () => {
    const byVolatility = settings({ method: 'volatility', targetVolatility: 0.1 });
    expect(shares({ settings: byVolatility })).toMatchObject([{ share: 0.1 }]);
    expect(shares({ settings: byVolatility, claims: [claim('BTC/USDT', { volatility: undefined })] })).toMatchObject([
      { share: 0 },
    ]);
    expect(shares({ settings: byVolatility, claims: [claim('BTC/USDT', { expectedReturn: -0.01 })] })).toMatchObject([
      { share: 0 },
    ]);
  });

  it('gives each portfolio its share of equity, and takes no more from it', () => {
    const portfolios = [
      { name: 'core', share: 0.5, symbols: ['BTC/USDT'] },
      { name: 'satellite', share: 0.1, symbols: ['ETH/USDT', 'SOL/USDT'] },
    ];
    const claims = symbols.map((symbol) => claim(symbol, { expectedReturn: 0.03 }));
    // Wanted 0.75 of each portfolio.
    expect(shares({ settings: settings({ portfolios }), claims })).toMatchObject([
      { portfolio: 'core', wanted: 0.375, share: 0.3, boundBy: ['SymbolExposure'] },
      { portfolio: 'satellite', wanted: 0.075, share: 0.05, boundBy: ['PortfolioShare'] },
      { portfolio: 'satellite', wanted: 0.075, share: 0.05, boundBy: ['PortfolioShare'] },
    ]);
  });

  it('holds a market maker and a view on one symbol under one cap, and all of them under the gross one', () => {
    const makers = [{ portfolio: 'main', symbol: 'BTC/USDT', share: 0.35 }];
    const claims = symbols.map((symbol) => claim(symbol));
    // BTC: 0.35 and 0.25 shrink to 0.175 and 0.125; with 0.25 twice that is 0.8.
    expect(shares({ makers, claims })).toMatchObject([
      { kind: 'market_maker', share: 0.175 },
      { kind: 'symbol', share: 0.125 },
      { share: 0.25 },
      { share: 0.25 },
    ]);
    expect(shares({ claims, caps: { symbol: 1, gross: 0.6 } })).toMatchObject([
      { share: 0.2, boundBy: ['GrossExposure'] },
      { share: 0.2, boundBy: ['GrossExposure'] },
      { share: 0.2, boundBy: ['GrossExposure'] },
    ]);
  });

  it('gives nothing to what no portfolio holds', () => {
    expect(shares({ claims: [claim('XRP/USDT')] })).toEqual([]);
  });

  const anyNumber = fc.double({ min: -0.5, max: 0.5, noNaN: true });
  const anyClaim = (symbol: string) =>
    fc.record({
      symbol: fc.constant(symbol),
      expectedReturn: anyNumber,
      uncertainty: fc.double({ min: 0, max: 1, noNaN: true }),
      conviction: fc.double({ min: 0, max: 1, noNaN: true }),
      volatility: fc.option(fc.double({ min: 0, max: 3, noNaN: true }), { nil: undefined }),
    });
  const anyClaims = fc.tuple(...symbols.map(anyClaim));
  const anyMethod = fc.constantFrom('kelly' as const, 'volatility' as const);
  const anyCaps = fc.record({
    symbol: fc.double({ min: 0, max: 1, noNaN: true }),
    gross: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it('never exceeds a cap', () => {
    fc.assert(
      fc.property(anyClaims, anyMethod, anyCaps, (claims, method, bounds) => {
        const all = shares({ settings: settings({ method }), claims, caps: bounds });
        const total = all.reduce((sum, { share }) => sum + share, 0);
        expect(total).toBeLessThanOrEqual(Math.min(1, bounds.gross) + 1e-9);
        for (const { share } of all) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(bounds.symbol + 1e-9);
        }
      }),
    );
  });

  it('grows with conviction where no cap binds', () => {
    fc.assert(
      fc.property(anyClaim('BTC/USDT'), fc.double({ min: 0, max: 1, noNaN: true }), (one, conviction) => {
        const [less, more] = [Math.min(one.conviction, conviction), Math.max(one.conviction, conviction)];
        const share = (by: number): number => shares({ claims: [{ ...one, conviction: by }] })[0]?.share ?? 0;
        expect(share(less)).toBeLessThanOrEqual(share(more));
      }),
    );
  });

  it('does not depend on the order of the symbols', () => {
    fc.assert(
      fc.property(anyClaims, anyMethod, anyCaps, (claims, method, bounds) => {
        const of = (list: readonly Claim[]) =>
          new Map(
            shares({ settings: settings({ method }), claims: list, caps: bounds }).map((one) => [
              one.symbol,
              one.share,
            ]),
          );
        const [forward, backward] = [of(claims), of(claims.toReversed())];
        for (const [symbol, share] of forward) expect(backward.get(symbol)).toBeCloseTo(share, 5);
      }),
    );
  });
});
