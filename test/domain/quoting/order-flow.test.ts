import { describe, expect, it } from 'vitest';
import { type Decimal, decimal } from '../../../domain/money/money.ts';
import { fitFills, midVariance } from '../../../domain/quoting/order-flow.ts';
import { markout, profitParts, type QuoteFill } from '../../../domain/quoting/profit.ts';
import { Random } from '../../../venues/simulated/market/random.ts';

const decimals = (values: readonly number[]): Decimal[] => values.map((value) => decimal(value));

describe('how far takers come', () => {
  it('is found again of flow that was made so', () => {
    const random = new Random(7, 1, 1);
    const [intensity, fillDecay, seconds] = [2, 0.4, 20_000];
    // On two sides A times a second each, exponential in the distance.
    const reaches = decimals(
      Array.from({ length: 2 * intensity * seconds }, () => -Math.log(1 - random.uniform()) / fillDecay),
    );
    const found = fitFills(reaches, decimal(seconds), decimal('0.5'));
    expect(found?.fillDecay.toNumber()).toBeCloseTo(fillDecay, 1);
    expect(found?.intensity.toNumber()).toBeGreaterThan(1.6);
    expect(found?.intensity.toNumber()).toBeLessThan(2.4);
  });

  it.each([
    { case: 'no taker', reaches: [] },
    { case: 'takers that all came as far', reaches: [1, 1, 1, 1] },
    { case: 'one distance', reaches: [0.1, 0.2] },
  ])('is not known of $case', ({ reaches }) => {
    expect(fitFills(decimals(reaches), decimal(60), decimal('0.5'))).toBeUndefined();
  });

  it('is measured in seconds, whatever a look takes', () => {
    expect(midVariance(decimals([100, 102, 101, 101]), decimal('0.5'))?.toFixed(6)).toBe('3.333333');
    expect(midVariance(decimals([100, 100]), decimal(1))).toBeUndefined();
  });
});

describe('where a maker’s profit comes from', () => {
  const mids = decimals([100, 101, 103, 102]);
  const fill = (look: number, side: QuoteFill['side'], price: string, fee = '0'): QuoteFill => ({
    look,
    side,
    price: decimal(price),
    quantity: decimal(2),
    fee: side === 'buy' ? { base: decimal(fee), quote: decimal(0) } : { base: decimal(0), quote: decimal(fee) },
  });
  const texts = (fills: QuoteFill[]) =>
    Object.fromEntries(Object.entries(profitParts(fills, mids, 1)).map(([name, value]) => [name, value.toFixed()]));

  it('is told apart, and adds up to what is held and paid', () => {
    const fills = [fill(0, 'buy', '99', '0.01'), fill(1, 'sell', '101.5', '0.2')];
    // Bought at 99 under 100, which became 101 and in the end 102; sold at 101.5 over 101, which became 103 and then 102.
    expect(texts(fills)).toEqual({ spread: '3', adverseSelection: '-2', inventory: '4', fees: '-1.22' });
    // Cash −198 + 203 − 0.2, and −0.01 of the base at 102.
    expect(-198 + 203 - 0.2 - 0.01 * 102).toBeCloseTo(3 - 2 + 4 - 1.22);
  });

  it('is all spread where the price stands at its end', () => {
    expect(texts([fill(3, 'sell', '102.5')])).toEqual({
      spread: '1',
      adverseSelection: '0',
      inventory: '0',
      fees: '0',
    });
  });

  it('after a fill is a share of what was traded, of those alone that are old enough', () => {
    expect(markout([fill(0, 'buy', '99'), fill(3, 'sell', '102')], mids, 2)?.toFixed()).toBe('0.03');
    expect(markout([fill(3, 'sell', '102')], mids, 2)).toBeUndefined();
  });
});
