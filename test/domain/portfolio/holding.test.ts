import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimal, text, ZERO } from '../../../domain/money/money.ts';
import { giveUp, payFee, receive, unrealizedAt } from '../../../domain/portfolio/holding.ts';
import type { BookedPosition } from '../../../domain/portfolio/portfolio.ts';
import { applyFill, flatPosition } from '../../../domain/portfolio/position.ts';
import { fill } from '../../support/books.ts';
import { type Plain, typed } from '../../support/plain.ts';

const bnb = (changes: Partial<Plain<BookedPosition>> = {}): BookedPosition =>
  typed<BookedPosition>({ ...flatPosition('BNB/USDT'), dustCost: '0', ...changes });
const held = bnb({ quantity: '1', averageCost: '600', openedAt: 5 });

describe('a fee in a third asset', () => {
  it.each([
    ['of what is held', held, '0.1', { quantity: '0.9', averageCost: '600', openedAt: 5 }, '60'],
    ['of all that is held', held, '1', { quantity: '0', averageCost: '0', openedAt: 0 }, '600'],
    ['of more than is held', held, '1.5', { quantity: '-0.5', averageCost: '0', openedAt: 0 }, '600'],
    [
      'of dust',
      bnb({ dust: '0.004', dustCost: '2' }),
      '0.001',
      { quantity: '0', dust: '0.003', dustCost: '1.5' },
      '0.5',
    ],
    [
      'of both',
      bnb({ ...held, dust: '0.5', dustCost: '200' }),
      '1.25',
      { quantity: '0', dust: '0.25', dustCost: '100' },
      '700',
    ],
    ['of nothing', bnb(), '0.1', { quantity: '-0.1', averageCost: '0', dust: '0' }, '0'],
    ['that is a rebate', held, '-1', { quantity: '2', averageCost: '300', openedAt: 5 }, '0'],
  ])('%s leaves it at its cost', (_what, before, fee, expected, cost) => {
    const paid = payFee(before, decimal(fee), 9);
    expect(paid.after).toMatchObject(expected);
    expect(text(paid.cost)).toBe(cost);
  });

  it.each([
    ['raises the cost of a buy', 'buy', { quantity: '1', averageCost: '160', realizedPnl: '0' }],
    ['lowers what a sale realises', 'sell', { quantity: '-1', averageCost: '0', realizedPnl: '40' }],
  ] as const)('%s', (_what, side, expected) => {
    const trade = fill({ side, quantity: '1', price: '100', fee: '0.1', feeAsset: 'BNB' });
    expect(applyFill(flatPosition('BTC/USDT'), trade, decimal(60))).toMatchObject(expected);
  });
});

it('more that left than was known covers its worth when that comes in', () => {
  const { after, cost } = giveUp(bnb(), decimal('0.5'));
  expect(text(cost)).toBe('0');
  const part = receive(after, decimal('0.2'), decimal('120'), 9);
  expect(part).toMatchObject({ quantity: '-0.3', averageCost: '0', realizedPnl: '-120', openedAt: 0 });
  const whole = receive(part, decimal('1'), decimal('600'), 10);
  expect(whole).toMatchObject({ quantity: '0.7', averageCost: '600', realizedPnl: '-300', openedAt: 10 });
});

const amount = fc.integer({ min: 1, max: 900 }).map((n) => decimal(n).div(100));
const step = fc.record({ kind: fc.constantFrom('in', 'out', 'fee', 'sweep'), amount, cost: amount });

it('whatever comes and goes, what was realised and what is unrealised add up to what was gained', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), amount, (steps, price) => {
      let position = bnb();
      let units = ZERO;
      let cash = ZERO;
      for (const { kind, amount: moved, cost } of steps) {
        if (kind === 'in') {
          position = receive(position, moved, cost, 1);
          [units, cash] = [units.plus(moved), cash.minus(cost)];
        } else if (kind === 'sweep') {
          const { quantity, averageCost, dust, dustCost } = position;
          if (decimal(quantity).lessThanOrEqualTo(0)) continue;
          const swept = {
            dust: decimal(dust).plus(quantity),
            dustCost: decimal(quantity).times(averageCost).plus(dustCost),
          };
          position = bnb({ realizedPnl: position.realizedPnl, dust: text(swept.dust), dustCost: text(swept.dustCost) });
        } else if (kind === 'out') {
          const { after, cost: left } = giveUp(position, moved);
          position = { ...after, realizedPnl: text(decimal(after.realizedPnl).plus(cost).minus(left)) };
          [units, cash] = [units.minus(moved), cash.plus(cost)];
        } else {
          const paid = payFee(position, moved, 1);
          // Another symbol bears it.
          [position, units, cash] = [paid.after, units.minus(moved), cash.plus(paid.cost)];
        }
        expect(text(decimal(position.quantity).plus(position.dust))).toBe(text(units));
      }
      const told = unrealizedAt(position, text(price)).plus(position.realizedPnl);
      expect(
        told
          .minus(cash.plus(units.times(price)))
          .abs()
          .toNumber(),
      ).toBeLessThan(1e-24);
    }),
  );
});
