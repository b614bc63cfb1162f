import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AllocationSettings, allocate, type Claim } from '../../../domain/portfolio/allocation.ts';

const claim = (symbol: string, changes: Partial<Claim> = {}): Claim => ({
  symbol,
  expectedReturn: 0.01,
  uncertainty: 0.1,
  conviction: 1,
  volatility: 1,
  cost: 0,
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

const split = (question: Partial<Parameters<typeof allocate>[0]>) =>
  allocate({ equity: '10000', settings: settings(), claims: [claim('BTC/USDT')], makers: [], caps, ...question });
const shares = (question: Partial<Parameters<typeof allocate>[0]>) => split(question).allocations;

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
    // Down: 2500.000000006 rounded to the nearest would be above the share.
    expect(shares({ equity: '10000.000000024' })).toMatchObject([{ amount: '2500' }]);
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

  it.each([
    // 0.25 · 0.024 / 0.01 = 0.6 of each; 0.3 and 0.3 under the one, 0.3 of core, 0.2 of satellite, 0.5 together.
    [
      [0.024, 0, 0],
      { gross: 1 },
      [{ code: 'SymbolExposure', symbol: 'BTC/USDT', limit: '0.3', value: '0.42', before: '4200', after: '3000' }],
    ],
    [
      [0, 0.024, 0.024],
      { gross: 1 },
      [
        { code: 'PortfolioShare', symbol: 'ETH/USDT', limit: '0.2', value: '0.24', before: '1200', after: '1000' },
        { code: 'PortfolioShare', symbol: 'SOL/USDT', limit: '0.2', value: '0.24', before: '1200', after: '1000' },
      ],
    ],
    [
      [0.008, 0.008, 0],
      { gross: 0.09 },
      [
        { code: 'GrossExposure', symbol: 'BTC/USDT', limit: '0.09', value: '0.18', before: '1400', after: '700' },
        { code: 'GrossExposure', symbol: 'ETH/USDT', limit: '0.09', value: '0.18', before: '400', after: '200' },
      ],
    ],
    [[0.008, 0.008, 0], { gross: 1 }, []],
  ])('of the returns %j under %j says what bit, and nothing of what did not', (returns, changes, verdicts) => {
    const portfolios = [
      { name: 'core', share: 0.7, symbols: ['BTC/USDT'] },
      { name: 'satellite', share: 0.2, symbols: ['ETH/USDT', 'SOL/USDT'] },
    ];
    const claims = symbols.map((symbol, index) => claim(symbol, { expectedReturn: returns[index] ?? 0 }));
    expect(split({ settings: settings({ portfolios }), claims, caps: { ...caps, ...changes } }).verdicts).toEqual(
      verdicts,
    );
  });

  it('is bound by no cap that its shares meet exactly', () => {
    const portfolios = [{ name: 'main', share: 0.3, symbols }];
    const makers = symbols.map((symbol) => ({ portfolio: 'main', symbol, share: 0.1 }));
    expect(split({ settings: settings({ portfolios }), claims: [], makers }).verdicts).toEqual([]);
  });

  it.each(['0', '-1'])('splits nothing of an equity of %s', (equity) => {
    expect(split({ equity })).toEqual({ allocations: [], verdicts: [] });
  });

  it('keeps a share to its last unit, however large the equity is', () => {
    // A float has 16 digits.
    const equity = '123456789012345.67890010';
    const claims = symbols.map((symbol) => claim(symbol, { expectedReturn: 0.03 }));
    const [first] = shares({ equity, claims, caps: { symbol: 0.3, gross: 0.3 } });
    expect(first).toMatchObject({ share: 0.1, amount: '12345678901234.56789001' });
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
      error: fc.option(fc.double({ min: 0, max: 0.1, noNaN: true }), { nil: undefined }),
      volatility: fc.option(fc.double({ min: 0, max: 3, noNaN: true }), { nil: undefined }),
      cost: fc.double({ min: 0, max: 0.01, noNaN: true }),
    });
  const anyClaims = fc.tuple(...symbols.map(anyClaim));
  const anyMethod = fc.constantFrom('kelly' as const, 'volatility' as const);
  const anyCaps = fc.record({
    symbol: fc.double({ min: 0, max: 1, noNaN: true }),
    gross: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  const anyShare = fc.double({ min: 0, max: 0.5, noNaN: true });
  const anyQuestion = fc.record({
    claims: anyClaims,
    caps: anyCaps,
    makers: fc.array(
      fc.record({
        portfolio: fc.constantFrom('core', 'satellite'),
        symbol: fc.constantFrom(...symbols),
        share: anyShare,
      }),
      { maxLength: 3 },
    ),
    settings: fc.record({ method: anyMethod, core: anyShare, satellite: anyShare }).map(({ method, core, satellite }) =>
      settings({
        method,
        portfolios: [
          { name: 'core', share: core, symbols: ['BTC/USDT'] },
          { name: 'satellite', share: satellite, symbols: ['ETH/USDT', 'SOL/USDT'] },
        ],
      }),
    ),
  });

  it('never exceeds a cap', () => {
    fc.assert(
      fc.property(anyQuestion, (question) => {
        const all = shares(question);
        const total = (list: typeof all): number => list.reduce((sum, { share }) => sum + share, 0);
        expect(total(all)).toBeLessThanOrEqual(question.caps.gross + 1e-9);
        for (const { share } of all) expect(share).toBeGreaterThanOrEqual(0);
        for (const symbol of symbols) {
          const own = all.filter((one) => one.symbol === symbol);
          expect(total(own)).toBeLessThanOrEqual(question.caps.symbol + 1e-9);
        }
        for (const { name, share } of question.settings.portfolios) {
          expect(total(all.filter(({ portfolio }) => portfolio === name))).toBeLessThanOrEqual(share + 1e-9);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('hands what a cap removes to nobody: no share is above what was wanted', () => {
    fc.assert(
      fc.property(anyQuestion, (question) => {
        for (const { share, wanted } of shares(question)) expect(share).toBeLessThanOrEqual(wanted);
      }),
    );
  });

  it('never falls when the conviction grows, whatever else is wanted', () => {
    fc.assert(
      fc.property(anyQuestion, fc.nat(2), fc.double({ min: 0, max: 1, noNaN: true }), (question, index, conviction) => {
        const { symbol } = question.claims[index] ?? claim('');
        const shareAt = (by: number): number => {
          const claims = question.claims.map((one, at) => (at === index ? { ...one, conviction: by } : one));
          const own = shares({ ...question, claims }).find((one) => one.kind === 'symbol' && one.symbol === symbol);
          return own?.share ?? Number.NaN;
        };
        const before = question.claims[index]?.conviction ?? 0;
        const [less, more] = [Math.min(before, conviction), Math.max(before, conviction)];
        // Shares are rounded down to a millionth.
        expect(shareAt(less)).toBeLessThanOrEqual(shareAt(more) + 1.000001e-6);
      }),
      { numRuns: 500 },
    );
  });

  it('is the same for every order of claims and makers', () => {
    const anyOrders = anyQuestion.chain((question) =>
      fc.record({
        question: fc.constant(question),
        claims: fc.shuffledSubarray(question.claims, { minLength: question.claims.length }),
        makers: fc.shuffledSubarray(question.makers, { minLength: question.makers.length }),
      }),
    );
    fc.assert(
      fc.property(anyOrders, ({ question, claims, makers }) => {
        expect(split({ ...question, claims, makers })).toEqual(split(question));
      }),
    );
  });
});
