import { describe, expect, it } from 'vitest';
import { tagged } from '../../../domain/money/tagged.ts';
import { applyFill, flatPosition, isRemnant } from '../../../domain/portfolio/position.ts';
import { fill } from '../../support/books.ts';

const bought = fill({ side: 'buy', quantity: '2', price: '100', fee: '0', filledAt: 5 });
const held = applyFill(flatPosition('BTC/USDT'), bought);

describe('a position', () => {
  it('begins with its first fill', () => {
    expect(held).toMatchObject({ quantity: '2', averageCost: '100', openedAt: 5, realizedPnl: '0' });
  });

  it.each([
    ['in the quote currency', { fee: '3', feeAsset: 'USDT' }, { quantity: '3', averageCost: '121' }],
    ['in the base asset', { fee: '0.5', feeAsset: 'BTC' }, { quantity: '2.5', averageCost: '144' }],
    ['in a third asset', { fee: '9', feeAsset: 'BNB' }, { quantity: '3', averageCost: '120' }],
  ])('that is added to costs the mean over all of it, with the fee %s', (_where, fee, expected) => {
    const more = fill({ side: 'buy', quantity: '1', price: '160', filledAt: 9, ...fee });
    expect(applyFill(held, more)).toMatchObject({ ...expected, openedAt: 5 });
  });

  it.each([
    ['in the quote currency', { fee: '3', feeAsset: 'USDT' }, { quantity: '1', realizedPnl: '57' }],
    ['in the base asset', { fee: '0.5', feeAsset: 'BTC' }, { quantity: '0.5', realizedPnl: '10' }],
    ['in a third asset', { fee: '9', feeAsset: 'BNB' }, { quantity: '1', realizedPnl: '60' }],
  ])('that is sold of earns what came in over what it had cost, with the fee %s', (_where, fee, expected) => {
    const sold = fill({ side: 'sell', quantity: '1', price: '160', ...fee });
    expect(applyFill(held, sold)).toMatchObject({ ...expected, averageCost: '100', openedAt: 5 });
  });

  it('that is sold whole is none, and keeps what it earned', () => {
    const sold = applyFill(held, fill({ side: 'sell', quantity: '2', price: '90', fee: '0' }));
    expect(sold).toMatchObject({ quantity: '0', averageCost: '0', openedAt: 0, realizedPnl: '-20' });
  });

  it.each([
    ['4.99', true],
    ['5', false],
  ])('of one piece is a remnant at %s, where an order has to be worth 5: %s', (price, isOne) => {
    expect(isRemnant({ ...held, quantity: tagged('1') }, tagged(price), tagged('5'))).toBe(isOne);
  });
});
