import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Candle, OrderBook } from '../../../domain/market/market.ts';
import { decimal } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import {
  bookImbalance,
  fillDecay,
  inventoryDeviation,
  inventorySkew,
  isPositive,
  microprice,
  optimalQuote,
  priceVolatility,
  type QuoteInput,
  readBook,
} from '../../../domain/quoting/market-making.ts';
import { typed } from '../../support/plain.ts';

const MID = decimal('100.01597157966833');
const SIGMA = decimal('0.0732879548492693');
const KAPPA = decimal('3.3607256761562');
const INVENTORY = inventoryDeviation({ base: decimal(1), quote: decimal(500), mid: MID, targetShare: decimal('0.5') });

const positive = (max: number) => fc.double({ min: 1e-4, max, noNaN: true }).map(decimal);

function quoteInput(changes: Partial<QuoteInput> = {}): QuoteInput {
  return {
    variant: 'hummingbot',
    mid: MID,
    inventory: INVENTORY,
    riskFactor: decimal('0.8'),
    volatility: SIGMA,
    fillDecay: KAPPA,
    timeLeft: decimal(1),
    minSpread: decimal(0),
    ...changes,
  };
}

describe('an inventory of little', () => {
  const half = decimal('0.5');

  it('deviates as one of much does, and one of nothing not at all', () => {
    const of = (base: string, quote: string) =>
      inventoryDeviation({
        base: decimal(base),
        quote: decimal(quote),
        mid: decimal(100),
        targetShare: half,
      }).toFixed();
    expect(of('0', '0.5')).toBe('-0.5');
    expect(of('0', '0')).toBe('0');
  });

  it('is steered as one of much is, and one of nothing not at all', () => {
    const of = (base: string, quote: string) => {
      const holdings = { base: decimal(base), quote: decimal(quote), price: decimal(1), targetShare: half };
      const { bid, ask } = inventorySkew({ ...holdings, rangeBase: decimal('0.1') });
      return [bid.toFixed(), ask.toFixed()];
    };
    expect(of('0', '0.5')).toEqual(['2', '0']);
    expect(of('0.25', '0.25')).toEqual(['1', '1']);
    expect(of('0', '0')).toEqual(['0', '0']);
  });
});

describe('optimal quotes', () => {
  it('derives the inventory of the worked case', () => {
    expect(INVENTORY.toFixed(8)).toBe('-0.33331115');
  });

  test.each([
    {
      riskFactor: '0.8',
      timeLeft: '1',
      reservation: '100.03551373',
      spread: '0.59246180',
      ask: '100.33174463',
      bid: '99.73928283',
    },
    {
      riskFactor: '1',
      timeLeft: '1',
      reservation: '100.04039927',
      spread: '0.59425107',
      ask: '100.33752481',
      bid: '99.74327374',
    },
    // Ask and bid are the reservation price plus and minus half the spread.
    {
      riskFactor: '0.8',
      timeLeft: '0.5',
      reservation: '100.02574266',
      spread: '0.56314662',
      ask: '100.30731597',
      bid: '99.74416935',
    },
  ])('hummingbot variant, γ $riskFactor, τ $timeLeft', ({ riskFactor, timeLeft, ...expected }) => {
    const quote = optimalQuote(quoteInput({ riskFactor: decimal(riskFactor), timeLeft: decimal(timeLeft) }));
    expect({
      reservation: quote.reservation.toFixed(8),
      spread: quote.spread.toFixed(8),
      ask: quote.ask.toFixed(8),
      bid: quote.bid.toFixed(8),
    }).toEqual(expected);
  });

  // From the formulas with σ² = 0.00537112432598…: r = mid − q·γ·σ², δ = γ·σ² + (2/γ)·ln(1 + γ/κ).
  it('paper variant, γ 0.8, τ 1', () => {
    const { reservation, spread } = optimalQuote(quoteInput({ variant: 'paper' }));
    expect(reservation.toNumber()).toBeCloseTo(100.01597157966833 + 0.33331115 * 0.8 * 0.0732879548492693 ** 2, 8);
    expect(spread.toNumber()).toBeCloseTo(
      0.8 * 0.0732879548492693 ** 2 + 2.5 * Math.log(1 + 0.8 / 3.3607256761562),
      10,
    );
  });

  it('leaves only the price of liquidity at the end of the period, in both variants', () => {
    for (const variant of ['paper', 'hummingbot'] as const) {
      const { reservation, spread } = optimalQuote(quoteInput({ variant, timeLeft: decimal(0) }));
      expect(reservation.eq(MID)).toBe(true);
      expect(spread.toNumber()).toBeCloseTo(2.5 * Math.log(1 + 0.8 / 3.3607256761562), 12);
    }
  });

  it('never quotes inside the smallest spread', () => {
    const { bid, ask } = optimalQuote(quoteInput({ inventory: decimal(0), minSpread: decimal('0.02') }));
    expect(bid.toNumber()).toBeCloseTo(MID.toNumber() * 0.99, 10);
    expect(ask.toNumber()).toBeCloseTo(MID.toNumber() * 1.01, 10);
  });

  const anyInput = fc.record({
    variant: fc.constantFrom('paper', 'hummingbot' as const),
    mid: positive(1e6),
    inventory: fc.double({ min: -1, max: 1, noNaN: true }).map(decimal),
    riskFactor: positive(50),
    volatility: positive(1e3),
    fillDecay: positive(1e4),
    timeLeft: fc.double({ min: 0, max: 1, noNaN: true }).map(decimal),
    minSpread: fc.double({ min: 0, max: 0.05, noNaN: true }).map(decimal),
  }) as fc.Arbitrary<QuoteInput>;

  it('asks above its bid', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const { bid, ask, spread } = optimalQuote(input);
        expect(ask.gt(bid)).toBe(true);
        expect(ask.minus(bid).gte(spread.minus('1e-20'))).toBe(true);
      }),
    );
  });

  it('lowers its reservation price as its inventory grows, and raises the spread with risk', () => {
    fc.assert(
      fc.property(anyInput, positive(1), (input, more) => {
        const fuller = optimalQuote({ ...input, inventory: input.inventory.plus(more) });
        expect(fuller.reservation.lte(optimalQuote(input).reservation)).toBe(true);
        const riskier = optimalQuote({ ...input, volatility: input.volatility.plus(more) });
        expect(riskier.spread.gte(optimalQuote(input).spread)).toBe(true);
      }),
    );
  });

  it('has no inventory to speak of without holdings', () => {
    const none = { base: decimal(0), quote: decimal(0), mid: MID, targetShare: decimal('0.5') };
    expect(inventoryDeviation(none).isZero()).toBe(true);
  });
});

describe('inventory skew', () => {
  // base, quote, price, target share, range → bid and ask factors: the numbers of hummingbot's public test suite.
  test.each([
    [100, 10, '1', '0.35', 200, 0, 2],
    [10, 100, '1', '0.75', 200, 2, 0],
    [85_000, 10_000, '0.0036', '0.03', 20_000, 1.04416667, 0.95583333],
    [8_500, 10_000, '0.0036', '0.03', 20_000, 2, 0],
    [200_000, 10_000, '0.0036', '0.03', 20_000, 0, 2],
    [1_000_000, 0, '0.0036', '0.03', 20_000, 0, 2],
    [95_000, 10_000, '0.0036', '0.03', 20_000, 0.55916667, 1.44083333],
    [70_000, 10_000, '0.0036', '0.03', 20_000, 1.77166667, 0.22833333],
    [0, 0, '0.0036', '0.03', 20_000, 0, 0],
    [0, 10_000, '0.0036', '0.03', 20_000, 2, 0],
    [85_000, 10_000, '0.0036', '0.03', 0, 0, 0],
    // Not among them: a range that reaches below nothing ends at nothing, (10 − 5) / 10 below the target.
    [5, 95, '1', '0.1', 50, 1.5, 0.5],
  ])('base %d, quote %d, price %s, share %s, range %d', (base, quote, price, targetShare, rangeBase, bid, ask) => {
    const factors = inventorySkew({
      base: decimal(base),
      quote: decimal(quote),
      price: decimal(price),
      targetShare: decimal(targetShare),
      rangeBase: decimal(rangeBase),
    });
    expect(factors.bid.toNumber()).toBeCloseTo(bid, 8);
    expect(factors.ask.toNumber()).toBeCloseTo(ask, 8);
  });

  it('buys less and sells more as the base grows, both within 0 and 2', () => {
    const amount = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(
        amount,
        fc.integer({ min: 1, max: 1_000_000 }),
        amount,
        fc.integer({ min: 0, max: 100 }),
        (base, quote, more, share) => {
          const skewOf = (held: number) =>
            inventorySkew({
              base: decimal(held),
              // The total stays the same, so that only the composition changes.
              quote: decimal(base + more + quote - held),
              price: decimal(1),
              targetShare: decimal(share).div(100),
              rangeBase: decimal(1_000),
            });
          const before = skewOf(base);
          const after = skewOf(base + more);
          expect(after.bid.lte(before.bid)).toBe(true);
          expect(after.ask.gte(before.ask)).toBe(true);
          for (const factor of [before.bid, before.ask]) {
            expect(factor.gte(0) && factor.lte(2)).toBe(true);
          }
          expect(before.bid.plus(before.ask).eq(2)).toBe(true);
        },
      ),
    );
  });
});

describe('what the market tells the model', () => {
  it('measures volatility in price units', () => {
    // Changes 1, −2, 2: √((1 + 4 + 4) / 3).
    expect(priceVolatility([10, 11, 9, 11].map(decimal))?.toNumber()).toBeCloseTo(Math.sqrt(3), 12);
    expect(priceVolatility([decimal(10)])).toBeUndefined();
  });

  it('takes one over the mean reach as the decay of fills', () => {
    const candle = typed<Candle>({ openAt: 0, open: '10', high: '12', low: '9', close: '11', volume: '1' });
    // Reaches 2 and 1, mean 1.5.
    expect(fillDecay([candle])?.toNumber()).toBeCloseTo(2 / 3, 12);
    expect(fillDecay([{ ...candle, high: tagged('10'), low: tagged('10') }])).toBeUndefined();
  });

  const book = readBook({
    bids: [
      [tagged('99'), tagged('3')],
      [tagged('98'), tagged('1')],
      [tagged('90'), tagged('100')],
    ],
    asks: [
      [tagged('101'), tagged('1')],
      [tagged('102'), tagged('1')],
    ],
  });

  it('reads the book', () => {
    expect(book?.mid.toNumber()).toBe(100);
    if (book === undefined) return;
    // (99·1 + 101·3) / 4.
    expect(microprice(book).toNumber()).toBe(100.5);
    expect(bookImbalance(book, decimal(2)).toNumber()).toBeCloseTo((4 - 2) / 6, 12);
    expect(bookImbalance(book, decimal(0)).toNumber()).toBeCloseTo((3 - 1) / 4, 12);
  });

  test.each([
    ['empty', { bids: [], asks: [] }],
    ['one-sided', { bids: [['99', '1']], asks: [] }],
    ['crossed', { bids: [['101', '1']], asks: [['100', '1']] }],
    ['locked', { bids: [['100', '1']], asks: [['100', '1']] }],
    ['with a zero quantity', { bids: [['99', '0']], asks: [['100', '1']] }],
    ['with words', { bids: [['ninety', '1']], asks: [['100', '1']] }],
  ] as const)('refuses a book that is %s', (_, { bids, asks }) => {
    expect(readBook(typed<OrderBook>({ bids: [...bids], asks: [...asks] }))).toBeUndefined();
  });

  it('keeps the microprice between the best prices', () => {
    const quantity = fc.double({ min: 0.001, max: 1e6, noNaN: true }).map((value) => value.toFixed(4));
    fc.assert(
      fc.property(quantity.filter(isPositive), quantity.filter(isPositive), (bidQuantity, askQuantity) => {
        const read = readBook({
          bids: [[tagged('99'), tagged(bidQuantity)]],
          asks: [[tagged('101'), tagged(askQuantity)]],
        });
        const price = read && microprice(read);
        expect(price?.gt(99) && price.lt(101)).toBe(true);
      }),
    );
  });

  test.each([
    ['1', true],
    ['0.5', true],
    ['0', false],
    ['-1', false],
    ['1e5', false],
    ['', false],
    ['NaN', false],
  ])('calls %s a positive number: %s', (value, expected) => {
    expect(isPositive(value)).toBe(expected);
  });
});
