import { describe, expect, it } from 'vitest';
import { tagged } from '../../../domain/money/tagged.ts';
import { roundTrips, type TradeFill } from '../../../domain/portfolio/round-trips.ts';
import { fill } from '../../support/books.ts';

interface Change {
  quantity: string;
  side?: 'sell';
  price?: string;
  fee?: string;
  feeAsset?: string;
  purpose?: TradeFill['purpose'];
}

const traded = (...changes: Change[]): TradeFill[] =>
  changes.map(({ purpose, ...change }, at) => ({
    ...fill({ tradeId: String(at), filledAt: (at + 1) * 1_000, fee: '0', feeAsset: 'USDT', price: '100', ...change }),
    legId: tagged(`leg-${at}`),
    purpose: purpose ?? (change.side === 'sell' ? 'flatten' : 'open'),
    minNotional: tagged('5'),
  }));

describe('round trips', () => {
  it('go from the buy that began a holding to the sale that ended it', () => {
    const fills = traded(
      { quantity: '1', price: '100', fee: '0.001', feeAsset: 'BTC' },
      { quantity: '3', price: '104', fee: '0.1' },
      { side: 'sell', quantity: '2', price: '110', fee: '0.2' },
      { side: 'sell', quantity: '1.999', price: '112', purpose: 'protect' },
      { quantity: '1', price: '90' },
    );
    expect(roundTrips(fills, tagged('1'))).toEqual([
      {
        symbol: 'BTC/USDT',
        openedAt: 1_000,
        closedAt: 4_000,
        bought: '4',
        sold: '3.999',
        entry: '103',
        exit: expect.stringMatching(/^110\.99/),
        soldFor: 'protect',
        fees: { BTC: '0.001', USDT: '0.3' },
        sales: ['leg-2', 'leg-3'],
      },
      expect.objectContaining({ openedAt: 5_000, closedAt: undefined, bought: '1', sold: '0', exit: undefined }),
    ]);
  });

  it('end where only what cannot be sold is left', () => {
    const fills = traded(
      { quantity: '1' },
      { side: 'sell', quantity: '0.96' },
      { quantity: '1' },
      { side: 'sell', quantity: '1' },
    );
    expect(roundTrips(fills, tagged('0.04')).map(({ openedAt, closedAt }) => [openedAt, closedAt])).toEqual([
      [1_000, 2_000],
      [3_000, 4_000],
    ]);
  });

  it('say nothing of when one began of which the buys are not known', () => {
    const fills = traded({ side: 'sell', quantity: '1' }, { quantity: '2' });
    expect(roundTrips(fills, tagged('2')).map(({ openedAt, closedAt, entry }) => [openedAt, closedAt, entry])).toEqual([
      [undefined, 1_000, undefined],
      [2_000, undefined, '100'],
    ]);
  });

  it('are none of what was paid in and sold beside them', () => {
    const fills = traded({ quantity: '1' }, { side: 'sell', quantity: '5' }, { quantity: '1' });
    expect(roundTrips(fills, tagged('1'))).toHaveLength(2);
    expect(roundTrips([], tagged('1'))).toEqual([]);
  });
});
