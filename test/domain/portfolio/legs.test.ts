import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instrument } from '../../../domain/market/market.ts';
import { decimal, text } from '../../../domain/money/money.ts';
import type { ExecutionTerms } from '../../../domain/portfolio/request.ts';
import type { Plain } from '../../support/plain.ts';
import { down, execution, held, limits, market, plan, snapshot, up } from './plan.ts';

/** BTC's market under other rules, at another price. */
function seen(instrument: Plain<Plain<Partial<Instrument>>>, bid = '59999', ask = '60001', depth = '5') {
  const btc = market('BTC/USDT', bid, ask);
  const book = { bids: [[bid, depth] as const], asks: [[ask, depth] as const] };
  return { ...snapshot, symbols: [{ ...btc, book, instrument: { ...btc.instrument, ...instrument } }] };
}

describe('a leg', () => {
  it.each<[string, Plain<Plain<Partial<ExecutionTerms>>>, Record<string, unknown>]>([
    ['limit', {}, { type: 'limit', timeInForce: 'IOC', working: { style: 'once' } }],
    ['fill or kill', { timeInForce: 'FOK' }, { type: 'limit', timeInForce: 'FOK' }],
    ['post-only', { style: 'post_only' }, { type: 'post_only', timeInForce: 'GTC', working: { style: 'once' } }],
    ['post-only, at the best bid', { style: 'post_only' }, { limitPrice: '59999', quantity: '0.04166' }],
    [
      'chase, within the collar',
      { style: 'chase' },
      { limitPrice: '60121', working: { style: 'chase', submissions: 3 } },
    ],
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

  it.each([
    // 0.0005 in steps of 0.0001: a third is one step, worth 6; halves are two and three.
    ['31', '0.0001', 3, ['0.0002', '0.0003']],
    // Half of it would be worth less than an order.
    ['19', '0.0001', 3, undefined],
    // A step is more than a half.
    ['31', '0.0004', 3, undefined],
    // At the collar a half is worth 10.01, and 9.99 at the mid, where a market order may be filled.
    ['20.0203', '0.00000001', 2, undefined],
  ])('of %s in steps of %s, in %d slices wanted, makes %j', (notional, stepSize, slices, expected) => {
    const btc = market('BTC/USDT', '59999', '60001');
    const symbols = [{ ...btc, instrument: { ...btc.instrument, stepSize, minQuantity: stepSize } }];
    const { legs } = plan({
      snapshot: { ...snapshot, symbols },
      limits: { ...limits, maxOrderNotional: notional },
      execution: { ...execution, sliceAboveNotional: '1', slices },
    });
    expect(legs[0]?.working).toEqual(
      expected ? { style: 'twap', slices: expected, intervalMs: 2_000 } : { style: 'once' },
    );
  });

  it('a post-only sale at the best ask, which it never takes', () => {
    const { legs } = plan({ views: [down], execution: { ...execution, style: 'post_only' } }, held('0.1'));
    expect(legs).toMatchObject([{ side: 'sell', type: 'post_only', limitPrice: '60001', quantity: '0.1' }]);
  });

  it.each([
    ['value', '1000', '0.00001'],
    ['quantity', '10', '0.02'],
  ])('slices no finer than the least %s of an order allows', (_of, minOrderNotional, minQuantity) => {
    const btc = market('BTC/USDT', '59999', '60001');
    const symbols = [{ ...btc, instrument: { ...btc.instrument, minQuantity } }];
    const { legs } = plan({
      snapshot: { ...snapshot, symbols },
      execution: { ...execution, sliceAboveNotional: '1', slices: 50 },
      limits: { ...limits, minOrderNotional },
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

  it.each([
    ['sale', [down], '0.00000911'],
    ['buy', [up], '0.00000914'],
  ])('rounds the collar of a %s towards the market', (_side, views, limitPrice) => {
    const fine = { tickSize: '0.00000001', stepSize: '1', minQuantity: '1' };
    const { legs } = plan(
      { views, snapshot: seen(fine, '0.00000912', '0.00000913', '900000000') },
      views[0] === down ? held('50000000') : undefined,
    );
    expect(legs).toMatchObject([{ limitPrice }]);
  });

  it.each<[string, Plain<Plain<Partial<ExecutionTerms>>>, Plain<Plain<Partial<Instrument>>>, string]>([
    ['maxQuantity', {}, { maxQuantity: '0.03' }, '0.03'],
    ['maxQuantity, in whole steps', {}, { maxQuantity: '0.030009' }, '0.03'],
    ['maxMarketQuantity', { style: 'market' }, { maxQuantity: '0.04', maxMarketQuantity: '0.02' }, '0.02'],
    ['maxQuantity alone', {}, { maxQuantity: '0.04', maxMarketQuantity: '0.02' }, '0.04'],
    // At the collar of 60121.
    ['maxNotional', {}, { maxNotional: '1202.42' }, '0.02'],
  ])('buys no more in one order than its %s allows, and says so', (_limit, style, instrument, quantity) => {
    const { legs, verdicts } = plan({ snapshot: seen(instrument), execution: { ...execution, ...style } });
    expect(legs).toMatchObject([{ quantity }]);
    expect(verdicts).toContainEqual(expect.objectContaining({ code: 'MaxQuantity', limit: quantity, after: quantity }));
  });

  it('sells no more in one order than the exchange takes: the rest is for the next', () => {
    const { legs, verdicts } = plan({ views: [down], snapshot: seen({ maxQuantity: '0.03' }) }, held('0.1'));
    expect(legs).toMatchObject([{ side: 'sell', quantity: '0.03' }]);
    expect(verdicts).toMatchObject([
      { code: 'MaxQuantity', limit: '0.03', value: '0.1', before: '0.1', after: '0.03' },
    ]);
  });

  it('is what the exchange takes, and never worse than the collar, at any tick and step', () => {
    const rules = fc.record({
      tickExponent: fc.integer({ min: -8, max: 2 }),
      stepExponent: fc.integer({ min: -8, max: 2 }),
      ticks: fc.integer({ min: 1, max: 10_000_000 }),
      spread: fc.integer({ min: 1, max: 5 }),
      most: fc.integer({ min: 1, max: 1_000_000 }),
      sells: fc.boolean(),
    });
    let sent = 0;
    fc.assert(
      fc.property(rules, ({ tickExponent, stepExponent, ticks, spread, most, sells }) => {
        const [tick, step] = [decimal(10).pow(tickExponent), decimal(10).pow(stepExponent)];
        const [bid, ask] = [tick.times(ticks), tick.times(ticks + spread)];
        const instrument = {
          tickSize: text(tick),
          stepSize: text(step),
          minQuantity: text(step),
          maxQuantity: text(step.times(most)),
        };
        const books = sells ? held('50000000') : {};
        const certain = { uncertainty: 0.0001, expectedReturn: sells ? -0.9 : 0.9 };
        const { legs } = plan(
          {
            views: [{ ...(sells ? down : up), ...certain }],
            snapshot: seen(instrument, text(bid), text(ask), '1e12'),
            limits: { ...limits, minTradeShare: 0, maxOrderNotional: '1000000000' },
          },
          books,
        );
        for (const leg of legs) {
          sent += 1;
          const [quantity, price] = [decimal(leg.quantity), decimal(leg.limitPrice)];
          expect(price.mod(tick).isZero() && quantity.mod(step).isZero()).toBe(true);
          expect(quantity.lessThanOrEqualTo(instrument.maxQuantity)).toBe(true);
          expect(quantity.times(price).greaterThanOrEqualTo(5)).toBe(true);
          expect(
            sells
              ? price.lessThanOrEqualTo(bid) && price.greaterThanOrEqualTo(bid.times('0.998'))
              : price.greaterThanOrEqualTo(ask) && price.lessThanOrEqualTo(ask.times('1.002')),
          ).toBe(true);
        }
      }),
    );
    expect(sent).toBeGreaterThan(10);
  });
});
