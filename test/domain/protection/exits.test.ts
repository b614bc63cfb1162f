import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instrument } from '../../../domain/market/market.ts';
import { decimal, text } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import { type ExitTerms, exitLeg, sellable } from '../../../domain/protection/exits.ts';
import { type Plain } from '../../support/plain.ts';

const eth: Plain<Instrument> = {
  symbol: 'ETH/USDT',
  base: 'ETH',
  quote: 'USDT',
  tickSize: '0.01',
  stepSize: '0.0001',
  minQuantity: '0.0001',
  minNotional: '5',
  makerFeeRate: '0.001',
  takerFeeRate: '0.001',
};
const bttc: Plain<Instrument> = {
  ...eth,
  symbol: 'BTTC/USDT',
  base: 'BTTC',
  tickSize: '0.00000001',
  stepSize: '1',
  minQuantity: '1',
  maxQuantity: '1000000000',
};

function exitOf(instrument: Plain<Instrument>, wanted: string, bid: string, free = wanted) {
  const terms: Plain<ExitTerms> = {
    legId: tagged('l'),
    cycleId: tagged('c'),
    correlationId: 'c',
    account: 'main',
    purpose: 'protect',
    epoch: 0,
    instrument,
    bid,
    wanted: decimal(wanted),
    free: decimal(free),
  };
  return exitLeg(terms as ExitTerms);
}

describe('an exit', () => {
  it.each<[string, Plain<Instrument>, string, string, { quantity: string; limitPrice: string } | undefined]>([
    ['two percent below the bid', eth, '1', '3000', { quantity: '1', limitPrice: '2940' }],
    [
      'a price rounded towards the market',
      bttc,
      '20000000',
      '0.00000912',
      { quantity: '20000000', limitPrice: '0.00000894' },
    ],
    [
      'the one price that there is',
      bttc,
      '900000000',
      '0.00000001',
      { quantity: '900000000', limitPrice: '0.00000001' },
    ],
    [
      'no more than an order may have',
      bttc,
      '1500000000',
      '0.00000045',
      { quantity: '1000000000', limitPrice: '0.00000045' },
    ],
    [
      'no more than an order may be worth',
      { ...eth, maxNotional: '9000000' },
      '4000',
      '3000',
      { quantity: '3000', limitPrice: '2940' },
    ],
    // 5.0575 at the bid and 4.956 two percent below it: the price at which the exchange takes it.
    ['worth the least at the bid alone', eth, '0.0017', '2975', { quantity: '0.0017', limitPrice: '2941.18' }],
    ['worth exactly the least', eth, '0.002', '2500', { quantity: '0.002', limitPrice: '2500' }],
    ['worth less than the least', eth, '0.0016', '2975', undefined],
    ['worth the least only with what is no whole step', eth, '0.00169', '2975', undefined],
    ['less than a step', eth, '0.00009', '1000000', undefined],
    ['while nobody bids', eth, '1', '0', undefined],
  ])('sells %s', (_name, instrument, wanted, bid, expected) => {
    const leg = exitOf(instrument, wanted, bid);
    expect(leg && { quantity: leg.quantity, limitPrice: leg.limitPrice }).toEqual(expected);
  });

  it('sells no more than is free', () => expect(exitOf(eth, '1', '3000', '0.25')).toMatchObject({ quantity: '0.25' }));

  /** Ticks and steps from 1e-8 to 1e2, bids of whole ticks. */
  const market = fc.record({
    tickExponent: fc.integer({ min: -8, max: 2 }),
    stepExponent: fc.integer({ min: -8, max: 2 }),
    ticks: fc.integer({ min: 1, max: 10_000_000 }),
    quantity: fc.integer({ min: 1, max: 2_000_000_000 }).map((units) => decimal(units).div(1_000)),
  });

  it('is what the exchange takes wherever something can be sold, and nothing else is dust', () => {
    fc.assert(
      fc.property(market, ({ tickExponent, stepExponent, ticks, quantity }) => {
        const [tick, step] = [decimal(10).pow(tickExponent), decimal(10).pow(stepExponent)];
        const maxQuantity = step.times(1_000_000);
        const instrument: Plain<Instrument> = {
          ...eth,
          tickSize: text(tick),
          stepSize: text(step),
          minQuantity: text(step),
          maxQuantity: text(maxQuantity),
        };
        const bid = tick.times(ticks);
        const leg = exitOf(instrument, text(quantity), text(bid));
        expect(leg !== undefined).toBe(!sellable(instrument as Instrument, quantity, bid).isZero());
        if (!leg) {
          const floored = quantity.div(step).trunc().times(step);
          const worth = (floored.greaterThan(maxQuantity) ? maxQuantity : floored).times(bid);
          expect(worth.lessThan(5)).toBe(true);
          return;
        }
        const [sold, price] = [decimal(leg.quantity), decimal(leg.limitPrice)];
        expect(sold.mod(step).isZero() && price.mod(tick).isZero()).toBe(true);
        expect(sold.lessThanOrEqualTo(quantity) && sold.lessThanOrEqualTo(maxQuantity)).toBe(true);
        expect(sold.times(price).greaterThanOrEqualTo(5)).toBe(true);
        // Within the collar, and never above what is bid.
        expect(price.lessThanOrEqualTo(bid) && price.greaterThanOrEqualTo(bid.times('0.98'))).toBe(true);
      }),
    );
  });
});
