import { describe, expect, it } from 'vitest';
import { fund, leg, trade } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

describe.each(adapterNames)('what was traded, on %s', (name) => {
  const books = new FreshBooks(name);
  const eth = { legId: 'sph2', cycleId: 'c2', symbol: 'ETH/USDT', quantity: '1', limitPrice: '3000' };

  it('comes with what each order was for, and what each sale has gained', async () => {
    const { ledger } = books.journal;
    await fund(books.journal);
    await trade(books.journal, leg({ quantity: '0.01' }), { price: '60000', fee: '0.6', feeAsset: 'USDT' });
    await trade(books.journal, leg(eth), { price: '3000', fee: '0', feeAsset: 'USDT' });
    const sale = leg({ legId: 'sph3', cycleId: 'c3', side: 'sell', purpose: 'protect', quantity: '0.01' });
    await trade(books.journal, sale, { price: '61000', fee: '0.4', feeAsset: 'USDT' });

    const { fills, realized } = await ledger.trades('main', { since: 0, limit: 10 });
    expect(
      fills.map(({ symbol, side, purpose, minNotional, legId }) => [symbol, side, purpose, minNotional, legId]),
    ).toEqual(
      expect.arrayContaining([
        ['BTC/USDT', 'buy', 'open', '5', 'sph000000000000000000000001'],
        ['ETH/USDT', 'buy', 'open', '5', 'sph2'],
        ['BTC/USDT', 'sell', 'protect', '5', 'sph3'],
      ]),
    );
    expect(fills).toHaveLength(3);
    expect([...realized]).toEqual([['sph3', '9']]);

    const ofEth = await ledger.trades('main', { since: 0, symbol: 'ETH/USDT', limit: 10 });
    expect(ofEth.fills.map(({ symbol }) => symbol)).toEqual(['ETH/USDT']);
    expect((await ledger.trades('main', { since: 0, limit: 1 })).fills).toHaveLength(1);
    expect((await ledger.trades('main', { since: Date.now() + 60_000, limit: 10 })).fills).toEqual([]);
    expect((await ledger.trades('other', { since: 0, limit: 10 })).fills).toEqual([]);
  });
});
