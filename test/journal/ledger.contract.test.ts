import { describe, expect, it } from 'vitest';
import { type Decimal, decimal, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { Row } from '../../stores/journal/sql/database.ts';
import { fill, fund, leg, planLegs, sending, terms, trade } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const rules = { stepSize: '0.00001', minQuantity: '0.00001', minNotional: '5' };

describe.each(adapterNames)('the ledger on %s', (name) => {
  const books = new FreshBooks(name);

  it('takes a deposit of another asset into its position at its worth, and a withdrawal out of it as a sale at that', async () => {
    const move = (reference: string, amount: string, value: string) =>
      books.journal.ledger.transfer({
        reference,
        account: 'main',
        asset: 'BTC',
        symbol: 'BTC/USDT',
        amount,
        value,
        at: 7,
      });
    const position = async () => (await books.journal.ledger.positions('main'))[0];
    await move('a', '0.2', '12000');
    await move('a', '0.2', '12000');
    expect(await position()).toMatchObject({ quantity: '0.2', averageCost: '60000', openedAt: 7, realizedPnl: '0' });
    await move('b', '0.1', '9000');
    expect(await position()).toMatchObject({ quantity: '0.3', averageCost: '70000', openedAt: 7 });
    await move('c', '-0.1', '-8000');
    expect(await position()).toMatchObject({ quantity: '0.2', averageCost: '70000', realizedPnl: '1000' });
    await expect(move('d', '-0.3', '-24000')).rejects.toThrow('0.2 are free');
    await move('e', '-0.2', '-16000');
    expect(await position()).toMatchObject({ quantity: '0', averageCost: '0', openedAt: 0, realizedPnl: '3000' });
    expect(await books.journal.ledger.deposits('main')).toMatchObject({ BTC: '0' });
  });

  it.each([
    ['another amount', { amount: '600' }, 'for asset USDT, amount 500, and asset USDT, amount 600 was asked for'],
    ['the other direction', { amount: '-500' }, 'amount 500, and asset USDT, amount -500'],
    ['another asset', { asset: 'USDC' }, 'for asset USDT, amount 500, and asset USDC, amount 500'],
  ])('refuses a reference that stands in the books for %s', async (_what, changes, words) => {
    const d1 = { reference: 'd1', account: 'main', asset: 'USDT', amount: '500', value: '500', at: 7, by: 'ann' };
    await books.journal.ledger.transfer(d1);
    await books.journal.ledger.transfer({ ...d1, amount: '500.0', at: 9 });
    const other = books.journal.ledger.transfer({ ...d1, ...changes });
    await expect(other).rejects.toMatchObject({ code: 'ReferenceTaken', message: expect.stringContaining(words) });
    expect(await books.journal.ledger.deposits('main')).toEqual({ USDT: '500' });
  });

  describe('a holding', () => {
    const order = (n: number, changes: Partial<OrderLeg>): OrderLeg =>
      leg({ legId: `sph-${n}`, cycleId: `cycle/${n}`, correlationId: `cycle/${n}`, ...changes });
    const position = async () => (await books.journal.ledger.positions('main'))[0];
    /** Bought at `filledAt` 1,000, with the fee in the base asset, and sold again but for so much. */
    const leave = async (rest: string): Promise<void> => {
      await fund(books.journal);
      await trade(books.journal, order(1, { quantity: tagged('0.01234') }), { filledAt: 1_000, fee: '0.00001234' });
      const quantity = text(decimal('0.01232766').minus(rest));
      const out = order(2, {
        side: 'sell',
        purpose: 'flatten',
        quantity: tagged(quantity),
        limitPrice: tagged('60000'),
      });
      await trade(books.journal, out, { filledAt: 300_000 });
      expect(await position()).toMatchObject({ quantity: rest, openedAt: 1_000 });
    };

    it('begins anew once what was left of it is less than the exchange takes, with all that is left and its cost', async () => {
      await leave('0.00000766');
      await trade(books.journal, order(3, { quantity: tagged('0.01') }), {
        filledAt: 9_000_000,
        price: '59000',
        fee: '0',
      });
      // 0.00000766 at 60,060.06 and 0.01 at 59,000.
      expect(await position()).toMatchObject({ quantity: '0.01000766', openedAt: 9_000_000 });
      expect(decimal((await position())?.averageCost ?? '0').toFixed(4)).toBe('59000.8114');
      expect(await books.balance('BTC')).toEqual({ asset: 'BTC', free: '0.01000766', reserved: '0', dust: '0' });
    });

    it('goes on while what is left of it can be sold', async () => {
      // 5.1 USDT, and the exchange takes 5.
      await leave('0.000085');
      await trade(books.journal, order(3, { quantity: tagged('0.01') }), { filledAt: 9_000_000 });
      expect(await position()).toMatchObject({ openedAt: 1_000 });
    });

    it('begins with the first fill of the order that enters it, however little that was', async () => {
      await leave('0.00000766');
      const entry = order(3, { quantity: tagged('0.01') });
      await planLegs(books.journal, entry);
      await books.journal.intents.openFence(entry, terms(entry), sending(books.now));
      for (const [tradeId, quantity, filledAt] of [
        ['a', '0.00001', 9_000_000],
        ['b', '0.00999', 9_000_500],
      ] as const) {
        const fills = [fill({ intentId: 'sph-3-1', tradeId, quantity, filledAt, fee: '0' })];
        await books.journal.intents.report({ intentId: 'sph-3-1', state: 'partially_filled', fills });
      }
      expect(await position()).toMatchObject({ quantity: '0.01000766', openedAt: 9_000_000 });
    });
  });

  it('adds up to zero in every booking and over all books, whatever happens', async () => {
    await fund(books.journal);
    await trade(books.journal, leg(), { quantity: '0.004', fee: '0.3', feeAsset: 'USDT' });
    await trade(books.journal, leg({ legId: 'sph2', cycleId: 'c2' }), { fee: '0.00001', feeAsset: 'BTC' });
    await trade(books.journal, leg({ legId: 'sph3', cycleId: 'c3' }), { fee: '0.001', feeAsset: 'BNB' });
    const sell = leg({ legId: 'sph4', cycleId: 'c4', side: 'sell', purpose: 'flatten', quantity: '0.02396' });
    await trade(books.journal, sell, { fee: '1.4', feeAsset: 'USDT' });
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', rules, price: '60000' };
    expect(await books.journal.ledger.sweepDust(sweep)).toBe('0.00003');
    await trade(books.journal, leg({ legId: 'sph5', cycleId: 'c5' }));

    const database = await books.database();
    const rows = await database.rows('SELECT reference, book, asset, amount FROM ledger_entries');
    const totals = (key: (row: Row) => string): Record<string, string> => {
      const sums = new Map<string, Decimal>();
      for (const row of rows) sums.set(key(row), decimal(String(row['amount'])).plus(sums.get(key(row)) ?? 0));
      return Object.fromEntries([...sums].map(([name_, total]) => [name_, text(total)]));
    };
    expect(new Set(rows.map((row) => row['book']))).toEqual(
      new Set(['free', 'reserved', 'market', 'fees', 'deposits', 'dust']),
    );
    const bookings = totals((row) => `${row['reference']} ${row['asset']}`);
    expect(Object.entries(bookings).filter(([, total]) => total !== '0')).toEqual([]);
    expect(totals((row) => String(row['asset']))).toEqual({ BTC: '0', USDT: '0', BNB: '0' });
    // The balances are the entries' sums.
    const kept = await database.rows('SELECT book, asset, amount FROM ledger_balances');
    expect(Object.fromEntries(kept.map((row) => [`${row['book']} ${row['asset']}`, row['amount']]))).toEqual(
      totals((row) => `${row['book']} ${row['asset']}`),
    );
  });
});
