import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { riskSchema } from '../../contracts/config/schema.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import { fill, fund, leg, planLegs, sending, terms } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const limits = riskSchema.parse({ maxOrderNotional: '5000', maxOrdersPerMinute: 5 });

describe.each(adapterNames)('fills on %s', (name) => {
  const books = new FreshBooks(name, limits);

  /** What is heard of one order: its parts by two ways, its acceptance, and its cancel, which knows of three parts. */
  const heard = ['0', '1', '2', '3', 'ingested 0', 'ingested 1', 'ingested 2', 'ingested 3', 'accepted', 'canceled'];
  const parts = [0, 1, 2, 3].map((n) => fill({ tradeId: String(n), quantity: '0.0025', fee: '0.0000025' }));

  const hear = async (what: string): Promise<void> => {
    const { intentId } = fill();
    const { intents, exchange } = books.journal;
    const own = parts.filter(({ tradeId }) => what.endsWith(tradeId));
    if (what === 'accepted') await intents.report({ intentId, state: 'accepted', venueOrderId: '7', fills: [] });
    else if (what === 'canceled') {
      await intents.report({ intentId, state: 'canceled', filledQuantity: '0.0075', fills: parts.slice(0, 3) });
    } else if (what.startsWith('ingested')) {
      const trades = own.map((one) => ({ ...one, venueOrderId: '7' }));
      const from = await exchange.cursor('main', 'BTC/USDT');
      const batch = { account: 'main', symbol: 'BTC/USDT', holder: 'one', fills: trades, from, next: what.slice(-1) };
      expect(await exchange.bookTrades(batch)).toBe(true);
    } else await intents.report({ intentId, state: 'partially_filled', fills: own });
  };

  it.each([
    // The fourth part is a fill after the cancel, whenever it is heard of.
    ['all of it', heard, 'filled', '0.01', '0.00999', '9400.1'],
    ['a part of it', heard.filter((what) => !what.endsWith('3')), 'canceled', '0.0075', '0.0074925', '9550.075'],
  ])(
    'make the same books of %s, in whatever order and however often they come',
    async (_, all, state, filled, btc, usdt) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...all), { maxLength: 10 }),
          fc.shuffledSubarray(all, { minLength: all.length }),
          async (some, every) => {
            await books.fresh();
            await fund(books.journal);
            await planLegs(books.journal, leg());
            await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
            await books.journal.exchange.acquireLease('main', 'one', 60_000);
            for (const what of [...some, ...every]) await hear(what);
            expect(await books.journal.intents.find(fill().intentId)).toMatchObject({ state, filledQuantity: filled });
            expect(await books.journal.ledger.balances('main')).toEqual([
              { asset: 'BTC', free: btc, reserved: '0', dust: '0' },
              { asset: 'USDT', free: usdt, reserved: '0', dust: '0' },
            ]);
          },
        ),
        { numRuns: 15 },
      );
    },
  );

  it('that fill a part of a canceled order leave it canceled', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    await books.journal.intents.report({
      intentId: fill().intentId,
      state: 'canceled',
      filledQuantity: '0',
      fills: [],
    });
    const late = fill({ quantity: '0.004', fee: '0' });
    const report = { intentId: late.intentId, fills: [late] };
    expect(await books.journal.intents.report({ ...report, state: 'partially_filled' })).toMatchObject({
      state: 'canceled',
      filledQuantity: '0.004',
    });
    await expect(books.journal.intents.report({ ...report, state: 'filled' })).rejects.toThrow('booked are 0.004');
  });

  it('keep an order open until all of them are booked', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    await expect(
      books.journal.intents.report({
        intentId: fill().intentId,
        state: 'filled',
        filledQuantity: '0.01',
        fills: [fill({ quantity: '0.004' })],
      }),
    ).rejects.toThrow('booked are 0.004');
    expect(await books.journal.ledger.fillsOfCycle(leg().cycleId)).toEqual([]);
  });

  it('may come after the cancel and are paid from free cash', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    await books.journal.intents.report({ intentId: fill().intentId, state: 'accepted', fills: [] });
    await books.journal.intents.report({
      intentId: fill().intentId,
      state: 'canceled',
      filledQuantity: '0',
      fills: [],
    });
    expect(await books.balance('USDT')).toMatchObject({ free: '10000', reserved: '0', dust: '0' });
    const late = await books.journal.intents.report({
      intentId: fill().intentId,
      state: 'filled',
      filledQuantity: '0.01',
      fills: [fill()],
    });
    expect(late).toMatchObject({ state: 'filled', filledQuantity: '0.01' });
    expect(await books.balance('USDT')).toMatchObject({ free: '9400.1', reserved: '0', dust: '0' });
  });

  it('do not move a finished order back', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    await books.journal.intents.report({
      intentId: fill().intentId,
      state: 'filled',
      filledQuantity: '0.01',
      fills: [fill()],
    });
    const after = await books.journal.intents.report({ intentId: fill().intentId, state: 'canceled', fills: [] });
    expect(after.state).toBe('filled');
  });

  it('make positions at average cost and realise the difference', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    await books.journal.intents.report({
      intentId: fill().intentId,
      state: 'filled',
      filledQuantity: '0.01',
      fills: [fill()],
    });
    const sell = leg({
      legId: 'sph2',
      cycleId: 'c2',
      side: 'sell',
      purpose: 'flatten',
      quantity: '0.00999',
      limitPrice: '61000',
    });
    await planLegs(books.journal, sell);
    await books.journal.intents.openFence(sell, terms(sell), sending(books.now));
    await books.journal.intents.report({
      intentId: 'sph2-1',
      state: 'filled',
      filledQuantity: '0.00999',
      fills: [
        fill({
          tradeId: '2',
          intentId: 'sph2-1',
          side: 'sell',
          price: '61000',
          quantity: '0.00999',
          fee: '0.60939',
          feeAsset: 'USDT',
        }),
      ],
    });
    const [position] = await books.journal.ledger.positions('main');
    // Bought for 599.9, sold for 609.39 less a fee of 0.60939.
    expect(position).toMatchObject({ quantity: '0', realizedPnl: '8.88061' });
    expect(await books.balance('USDT')).toMatchObject({ free: '10008.88061', reserved: '0', dust: '0' });
  });

  it('are of the venue whose books the account was opened in', async () => {
    const database = await books.database({ venue: 'kraken' });
    const elsewhere = await createJournal(database);
    await elsewhere.ledger.transfer({
      reference: 'r',
      account: 'other',
      asset: 'USDT',
      amount: '1',
      value: '1',
      at: 0,
    });
    await fund(elsewhere);
    // An account stays where it was opened.
    expect(await database.rows('SELECT * FROM ledgers ORDER BY account')).toEqual([
      { account: 'main', venue: 'binance' },
      { account: 'other', venue: 'kraken' },
    ]);
  });
});
