import { expect, it } from 'vitest';
import { lookAtBooks } from '../../trading/reconcile/look.ts';
import { fund, leg, temporaryJournal, trade } from '../support/books.ts';

it('a position below zero is a difference at each look, whatever the exchange has: more left than was ever booked in', async () => {
  const journal = await temporaryJournal();
  await fund(journal);
  await trade(journal, leg({ quantity: '0.01' }), { price: '60000', fee: '0.1', feeAsset: 'BNB' });
  const trading = { balances: async () => ({ USDT: '9400', BTC: '0.01' }), openOrders: async () => [] };
  const { settled, differences } = await lookAtBooks({ journal, trading }, 'main', ['BTC/USDT']);
  expect(settled).toBe(true);
  expect(differences).toEqual([
    { what: 'BNB more', words: 'BNB: booked -0.1, at the exchange 0' },
    { what: 'BNB/USDT below zero', words: 'the position in BNB/USDT is -0.1' },
  ]);
  await journal.close();
});
