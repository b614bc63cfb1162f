import { describe, expect, it } from 'vitest';
import { fill, fund, leg, planLegs, sending, terms, trade } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const rules = { stepSize: '0.001', minQuantity: '0.001', minNotional: '5' };
const sellAll = { side: 'sell', purpose: 'flatten' } as const;

describe.each(adapterNames)('a fee in a third asset on %s', (name) => {
  const books = new FreshBooks(name);

  const deposit = (amount: string, value: string, reference = amount): Promise<void> =>
    books.journal.ledger.transfer({
      reference,
      account: 'main',
      asset: 'BNB',
      symbol: 'BNB/USDT',
      amount,
      value,
      at: 5,
    });
  const position = async (symbol: string) =>
    (await books.journal.ledger.positions('main')).find((one) => one.symbol === symbol);

  it('leaves the position in that asset, counts in what the trade gained, and leaves nothing for an exit to wait for', async () => {
    await fund(books.journal);
    await deposit('1', '600');
    const bnbFee = { fee: '0.1', feeAsset: 'BNB' };
    await trade(books.journal, leg({ quantity: '0.01' }), { price: '60000', ...bnbFee });
    expect(await position('BTC/USDT')).toMatchObject({ quantity: '0.01', averageCost: '66000' });
    expect(await position('BNB/USDT')).toMatchObject({ quantity: '0.9', averageCost: '600', realizedPnl: '0' });
    expect(await books.balance('BNB')).toMatchObject({ free: '0.9' });

    const sell = leg({ ...sellAll, legId: 'sph2', cycleId: 'c2', quantity: '0.01' });
    await trade(books.journal, sell, { price: '70000', ...bnbFee });
    // 700 less 660 less what 0.1 BNB had cost.
    expect(await position('BTC/USDT')).toMatchObject({ quantity: '0', realizedPnl: '-20' });
    const [told] = (await books.journal.outbox.after(0, 100)).filter(({ kind }) => kind === 'fill.booked').slice(-1);
    expect(told?.payload).toMatchObject({ realizedPnl: '-20', feeCost: '60' });

    const exit = leg({ ...sellAll, legId: 'sph3', cycleId: 'c3', symbol: 'BNB/USDT', quantity: '0.8' });
    await trade(books.journal, exit, { price: '600' });
    const sweep = { reference: 'd', account: 'main', symbol: 'BNB/USDT', rules: { ...rules, minNotional: '100' } };
    expect(await books.journal.ledger.sweepDust({ ...sweep, price: '600' })).toBe('0');
    expect(await books.balance('BNB')).toMatchObject({ free: '0', dust: '0' });
  });

  it('is paid from dust where nothing else is held', async () => {
    await fund(books.journal);
    await deposit('0.008', '4');
    const sweep = { reference: 'd', account: 'main', symbol: 'BNB/USDT', rules, price: '600' };
    expect(await books.journal.ledger.sweepDust(sweep)).toBe('0.008');
    await trade(books.journal, leg({ quantity: '0.01' }), { price: '60000', fee: '0.002', feeAsset: 'BNB' });
    expect(await position('BNB/USDT')).toMatchObject({ quantity: '0', dust: '0.006', dustCost: '3' });
    expect(await position('BTC/USDT')).toMatchObject({ averageCost: '60100' });
    expect(await books.balance('BNB')).toEqual({ asset: 'BNB', free: '0', reserved: '0', dust: '0.006' });
  });

  it('that was booked before what it was paid from is covered by that, and is no dust until then', async () => {
    await fund(books.journal);
    await trade(books.journal, leg({ quantity: '0.01' }), { price: '60000', fee: '0.1', feeAsset: 'BNB' });
    expect(await position('BNB/USDT')).toMatchObject({ quantity: '-0.1' });
    // What it cost is not known before that, and nobody says that it cost nothing.
    const [told] = (await books.journal.outbox.after(0, 100)).filter(({ kind }) => kind === 'fill.booked');
    expect(told?.payload).not.toHaveProperty('feeCost');
    const sweep = { reference: 'd', account: 'main', symbol: 'BNB/USDT', rules, price: '600' };
    expect(await books.journal.ledger.sweepDust(sweep)).toBe('0');
    // Less than is missing comes in as well as more.
    await deposit('0.05', '30');
    const buy = leg({ legId: 'sph2', cycleId: 'c2', symbol: 'BNB/USDT', quantity: '1', limitPrice: '600' });
    await trade(books.journal, buy);
    expect(await position('BNB/USDT')).toMatchObject({ quantity: '0.95', averageCost: '600', realizedPnl: '-60' });
    expect(await books.balance('BNB')).toMatchObject({ free: '0.95' });
  });

  it('is paid while an exit of that asset has all of it reserved', async () => {
    await fund(books.journal);
    await deposit('1', '600');
    const exit = leg({ ...sellAll, legId: 'sph3', cycleId: 'c3', symbol: 'BNB/USDT', quantity: '1' });
    await planLegs(books.journal, exit);
    await trade(books.journal, leg({ quantity: '0.01' }), { price: '60000', fee: '0.1', feeAsset: 'BNB' });
    await books.journal.intents.openFence(exit, terms(exit), sending(books.now));
    const part = fill({
      intentId: 'sph3-1',
      tradeId: '9',
      symbol: 'BNB/USDT',
      side: 'sell',
      quantity: '0.9',
      fee: '0',
    });
    await books.journal.intents.report({
      intentId: 'sph3-1',
      state: 'expired',
      filledQuantity: '0.9',
      fills: [{ ...part, price: '600' }],
    });
    expect(await position('BNB/USDT')).toMatchObject({ quantity: '0', realizedPnl: '0' });
    expect(await books.balance('BNB')).toEqual({ asset: 'BNB', free: '0', reserved: '0', dust: '0' });
  });
});

describe.each(adapterNames)('an asset without a market on %s', (name) => {
  const books = new FreshBooks(name);
  const move = (reference: string, amount: string): Promise<void> => {
    const junk = { account: 'main', asset: 'JUNK', symbol: 'JUNK/USDT', untraded: true, value: '0', at: 5 };
    return books.journal.ledger.transfer({ reference, amount, ...junk });
  };

  it('that came in is dust, which nobody tries to sell, and goes out again', async () => {
    await fund(books.journal);
    await move('a', '5');
    await move('a', '5');
    expect(await books.balance('JUNK')).toEqual({ asset: 'JUNK', free: '0', reserved: '0', dust: '5' });
    const [position] = await books.journal.ledger.positions('main');
    expect(position).toMatchObject({ symbol: 'JUNK/USDT', quantity: '0', dust: '5', dustCost: '0', openedAt: 0 });
    await expect(move('b', '-6')).rejects.toThrow('5 are free');
    await move('c', '-2');
    expect(await books.balance('JUNK')).toMatchObject({ free: '0', dust: '3' });
    expect(await books.journal.ledger.deposits('main')).toMatchObject({ JUNK: '3' });
  });

  it('covers what is owed of it first, so that nothing is below zero beside dust', async () => {
    await fund(books.journal);
    await trade(books.journal, leg({ quantity: '0.01' }), { price: '60000', fee: '2', feeAsset: 'JUNK' });
    await move('a', '5');
    expect((await books.journal.ledger.positions('main')).find(({ symbol }) => symbol === 'JUNK/USDT')).toMatchObject({
      quantity: '3',
      dust: '0',
    });
    expect(await books.balance('JUNK')).toEqual({ asset: 'JUNK', free: '3', reserved: '0', dust: '0' });
  });
});
