import { describe, expect, it } from 'vitest';
import { fill, fund, leg, planLegs, sending, terms, trade } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const rules = { stepSize: '0.00001', minQuantity: '0.00001', minNotional: '5' };

describe.each(adapterNames)('dust on %s', (name) => {
  const books = new FreshBooks(name);

  it('sets dust apart at its cost, and takes it back with the next buy', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    const dusty = fill({ quantity: '0.00005', fee: '0', price: '60000' });
    await books.journal.intents.report({
      intentId: dusty.intentId,
      state: 'expired',
      filledQuantity: '0.00005',
      fills: [dusty],
    });
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', price: '60000' };
    expect(await books.journal.ledger.sweepDust({ ...sweep, rules: { ...rules, minNotional: '2' } })).toBe('0');
    expect(await books.journal.ledger.sweepDust({ ...sweep, rules })).toBe('0.00005');
    expect(await books.journal.ledger.sweepDust({ ...sweep, rules })).toBe('0.00005');
    expect(await books.journal.ledger.sweepDust({ ...sweep, reference: 'd2', rules })).toBe('0');
    expect(await books.balance('BTC')).toEqual({ asset: 'BTC', free: '0', reserved: '0', dust: '0.00005' });
    expect((await books.journal.ledger.positions('main'))[0]).toMatchObject({
      quantity: '0',
      dust: '0.00005',
      realizedPnl: '0',
    });

    const next = leg({ legId: 'sph2', cycleId: 'c2' });
    await planLegs(books.journal, next);
    await books.journal.intents.openFence(next, terms(next), sending(books.now));
    const bought = fill({ intentId: 'sph2-1', tradeId: '2', quantity: '0.00995', fee: '0', price: '50000' });
    await books.journal.intents.report({
      intentId: 'sph2-1',
      state: 'expired',
      filledQuantity: '0.00995',
      fills: [bought],
    });
    expect((await books.journal.ledger.positions('main'))[0]).toMatchObject({
      quantity: '0.01',
      dust: '0',
      // (0.00005 · 60000 + 0.00995 · 50000) / 0.01
      averageCost: '50050',
    });
  });

  it.each([
    // 5.03 as a whole, and 4.76 in the whole steps that can be sold.
    ['0.00169', '2975', '0.00169'],
    ['0.00179', '2975', '0'],
    // That nobody bids says nothing of its worth.
    ['0.00169', '0', '0'],
  ])('of %s at a bid of %s sweeps %s: what no order can sell', async (quantity, price, swept) => {
    await fund(books.journal);
    await trade(books.journal, leg(), { quantity, price: '2975' });
    const steps = { ...rules, stepSize: '0.0001', minQuantity: '0.0001' };
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', rules: steps, price };
    expect(await books.journal.ledger.sweepDust(sweep)).toBe(swept);
  });

  it('sweeps two symbols under one reference, each once', async () => {
    await fund(books.journal);
    const entry = { reference: 'stop', account: 'main', rules, price: '60000' };
    for (const [n, symbol] of ['BTC/USDT', 'ETH/USDT'].entries()) {
      const order = leg({ legId: `sph${n}`, cycleId: `c${n}`, symbol });
      await trade(books.journal, order, { quantity: '0.00005', feeAsset: 'USDT' });
      expect(await books.journal.ledger.sweepDust({ ...entry, symbol })).toBe('0.00005');
    }
    const events = await books.journal.outbox.after(0, 100);
    expect(events.filter(({ kind }) => kind === 'dust.swept')).toHaveLength(2);
  });

  it('takes dust back for a sale that was heard of after it had been swept', async () => {
    await fund(books.journal);
    await trade(books.journal, leg(), { quantity: '0.00005' });
    const sell = leg({ legId: 'sph2', cycleId: 'c2', side: 'sell', purpose: 'flatten', quantity: '0.00005' });
    await planLegs(books.journal, sell);
    await books.journal.intents.openFence(sell, terms(sell), sending(books.now));
    await books.journal.intents.report({ intentId: 'sph2-1', state: 'canceled', filledQuantity: '0', fills: [] });
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', rules, price: '60000' };
    expect(await books.journal.ledger.sweepDust(sweep)).toBe('0.00005');
    const late = fill({
      intentId: 'sph2-1',
      tradeId: '2',
      side: 'sell',
      quantity: '0.00005',
      price: '70000',
      fee: '0',
    });
    await books.journal.intents.report({
      intentId: 'sph2-1',
      state: 'filled',
      filledQuantity: '0.00005',
      fills: [late],
    });
    expect((await books.journal.ledger.positions('main'))[0]).toMatchObject({
      quantity: '0',
      dust: '0',
      realizedPnl: '0.5',
    });
    expect(await books.balance('BTC')).toEqual({ asset: 'BTC', free: '0', reserved: '0', dust: '0' });
  });

  it('pays the fee of a sale in its own coin from dust, where the sale takes all else', async () => {
    await fund(books.journal);
    await trade(books.journal, leg(), { quantity: '0.00005', price: '60000' });
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', rules, price: '60000' };
    expect(await books.journal.ledger.sweepDust(sweep)).toBe('0.00005');
    const coin = { account: 'main', asset: 'BTC', symbol: 'BTC/USDT', at: 5 };
    await books.journal.ledger.transfer({ ...coin, reference: 'in', amount: '0.01', value: '600' });
    const sell = leg({ legId: 'sph2', cycleId: 'c2', side: 'sell', purpose: 'flatten', quantity: '0.01' });
    await trade(books.journal, sell, { price: '70000', fee: '0.00001', feeAsset: 'BTC' });
    // 700 less what 0.01001 had cost.
    expect((await books.journal.ledger.positions('main'))[0]).toMatchObject({
      quantity: '0.00004',
      dust: '0',
      realizedPnl: '99.4',
    });
    expect(await books.balance('BTC')).toEqual({ asset: 'BTC', free: '0.00004', reserved: '0', dust: '0' });
  });

  it('goes out as it was sold, with what is free or by itself', async () => {
    await fund(books.journal);
    await trade(books.journal, leg(), { quantity: '0.00005', price: '60000' });
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', rules, price: '60000' };
    expect(await books.journal.ledger.sweepDust(sweep)).toBe('0.00005');
    const coin = { account: 'main', asset: 'BTC', symbol: 'BTC/USDT', at: 5 };
    const withdraw = (reference: string, amount: string, value: string) =>
      books.journal.ledger.transfer({ ...coin, reference, amount: `-${amount}`, value: `-${value}` });
    await withdraw('out-1', '0.00002', '1.5');
    await books.journal.ledger.transfer({ ...coin, reference: 'in', amount: '0.01', value: '600' });
    await expect(withdraw('out-2', '0.01004', '600')).rejects.toThrow('0.01003 are free');
    await withdraw('out-3', '0.01001', '650.65');
    expect((await books.journal.ledger.positions('main'))[0]).toMatchObject({
      quantity: '0',
      dust: '0.00002',
      dustCost: '1.2',
      // 1.5 for what had cost 1.2, and 650.65 for what had cost 600.6.
      realizedPnl: '50.35',
    });
    expect(await books.balance('BTC')).toEqual({ asset: 'BTC', free: '0', reserved: '0', dust: '0.00002' });
  });
});
