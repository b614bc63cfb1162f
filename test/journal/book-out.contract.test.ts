import { describe, expect, it } from 'vitest';
import { via } from '../../contracts/audit.ts';
import { riskSchema } from '../../contracts/config/schema.ts';
import { decimal } from '../../domain/money/money.ts';
import { cycleRecord, fund, leg, planLegs, trade } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const entry = {
  reference: 'gone-1',
  account: 'main',
  symbol: 'GONE/USDT',
  held: '0',
  value: '0',
  reason: 'delisted',
  at: 5,
  by: 'ann',
  via: via.os('ann'),
};

describe.each(adapterNames)('booking out on %s', (name) => {
  const books = new FreshBooks(name, riskSchema.parse({ maxOrderNotional: '5000' }));
  const buy = (quantity = '0.01') =>
    trade(books.journal, leg({ symbol: 'GONE/USDT', quantity: '0.01' }), { quantity, price: '60000' });
  const position = async () => (await books.journal.ledger.positions('main'))[0];
  const total = async (asset: string): Promise<string> => {
    const { free = '0', reserved = '0', dust = '0' } = (await books.balance(asset)) ?? {};
    return decimal(free).plus(reserved).plus(dust).toFixed();
  };

  it.each([
    ['all is gone, for nothing', '0', '0', '0', { kept: '0', left: '0.01', realizedPnl: '-600' }],
    ['all is gone, for its worth', '0', '450', '450', { kept: '0', left: '0.01', realizedPnl: '-150' }],
    ['all of it is still there', '0.01', '150', '0', { kept: '0.01', left: '0', realizedPnl: '-450' }],
    ['a part is gone', '0.004', '700', '420', { kept: '0.004', left: '0.006', realizedPnl: '100' }],
    ['more is there than was booked', '0.012', '90', '0', { kept: '0.012', left: '-0.002', realizedPnl: '-510' }],
  ])('leaves of the asset what the exchange has: %s', async (_what, held, value, takenOut, expected) => {
    await fund(books.journal);
    await buy();
    await books.journal.cycles.record(cycleRecord({ equity: '10000', finishedAt: books.now }));
    expect(await books.journal.ledger.bookOut({ ...entry, held, value })).toEqual({
      quantity: '0.01',
      cost: '600',
      ...expected,
    });
    expect(await total('GONE')).toBe(held);
    expect(await total('USDT')).toBe('9400');
    expect(await position()).toMatchObject({
      quantity: '0',
      averageCost: '0',
      openedAt: 0,
      dust: held,
      realizedPnl: expected.realizedPnl,
      dustCost: decimal(value).minus(takenOut).toFixed(),
    });
    // What has left was taken out, at its part of the worth: that is neither gain nor loss. What stays is not counted twice.
    const deposited = decimal(10_000).minus(takenOut).toFixed();
    expect(await books.journal.ledger.deposits('main')).toMatchObject({ USDT: deposited });
    expect(await books.journal.ledger.equityMarks('main')).toMatchObject({ highWater: deposited, dayOpen: deposited });
    const { dustCost = '0' } = (await position()) ?? {};
    expect(decimal(9_400).plus(dustCost).minus(deposited).toFixed()).toBe(expected.realizedPnl);
  });

  it('is once by its reference, and stands in the audit trail', async () => {
    await fund(books.journal);
    await buy();
    await books.journal.ledger.bookOut(entry);
    expect(await books.journal.ledger.bookOut({ ...entry, held: '7' })).toBeUndefined();
    await expect(books.journal.ledger.bookOut({ ...entry, value: '9' })).rejects.toThrow(
      'symbol GONE/USDT, value 0, and symbol GONE/USDT, value 9 was asked for: nothing was booked',
    );
    expect(await position()).toMatchObject({ quantity: '0', dust: '0', realizedPnl: '-600' });
    const entries = (await books.journal.audit.after(0, 100)).filter(({ kind }) => kind === 'position.booked_out');
    expect(entries).toMatchObject([{ by: 'ann', reason: 'delisted', via: 'os:ann' }]);
    expect(JSON.parse(entries[0]?.payload ?? '')).toMatchObject({ symbol: 'GONE/USDT', left: '0.01', value: '0' });
    expect(await books.journal.audit.verify()).toMatchObject({ fault: undefined, differences: [] });
  });

  it('takes what was kept out later, at what it is worth then', async () => {
    await fund(books.journal);
    await buy();
    await books.journal.ledger.bookOut({ ...entry, held: '0.01', value: '150' });
    const later = await books.journal.ledger.bookOut({ ...entry, reference: 'gone-2', value: '100' });
    expect(later).toEqual({ quantity: '0.01', kept: '0', left: '0.01', cost: '150', realizedPnl: '-50' });
    expect(await books.journal.ledger.deposits('main')).toMatchObject({ USDT: '9900' });
    expect(await total('GONE')).toBe('0');
  });

  it('moves the marks by the worth: that is neither gain nor loss', async () => {
    await fund(books.journal);
    await buy();
    await books.journal.cycles.record(cycleRecord({ equity: '10000', finishedAt: books.now }));
    await books.journal.ledger.bookOut({ ...entry, value: '450' });
    expect(await books.journal.ledger.equityMarks('main')).toMatchObject({ highWater: '9550', dayOpen: '9550' });
  });

  it.each<[string, () => Promise<unknown>, { held?: string }]>([
    ['NotHeld', async () => undefined, {}],
    [
      'StillReserved',
      async () => {
        await buy();
        const sell = { side: 'sell', purpose: 'flatten', quantity: '0.004' } as const;
        await planLegs(books.journal, leg({ legId: 'sph2', cycleId: 'c2', symbol: 'GONE/USDT', ...sell }));
      },
      {},
    ],
    [
      'MoreGone',
      async () => {
        await buy();
        await trade(books.journal, leg({ legId: 'sph3', cycleId: 'c3', symbol: 'GONE/USDC', quantity: '0.01' }));
      },
      { held: '0' },
    ],
  ])('is refused as %s, and changes nothing', async (code, prepare, changes) => {
    await fund(books.journal);
    await fund(books.journal, '1000', 'USDC');
    await prepare();
    const before = await books.journal.ledger.balances('main');
    await expect(books.journal.ledger.bookOut({ ...entry, ...changes })).rejects.toMatchObject({ code, exitCode: 5 });
    expect(await books.journal.ledger.balances('main')).toEqual(before);
  });

  it('refuses what more has left of than came in: it has no worth to be parted', async () => {
    await fund(books.journal);
    await trade(books.journal, leg({ quantity: '0.01' }), { price: '60000', fee: '0.1', feeAsset: 'GONE' });
    await expect(books.journal.ledger.bookOut({ ...entry, value: '5' })).rejects.toMatchObject({ code: 'StillOwed' });
  });
});
