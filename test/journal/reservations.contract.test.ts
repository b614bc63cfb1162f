import { describe, expect, it } from 'vitest';
import { decimal, text } from '../../domain/money/money.ts';
import { fill, fund, leg, planLegs, sending, terms } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

describe.each(adapterNames)('the ledger on %s', (name) => {
  const books = new FreshBooks(name);

  describe('reservations', () => {
    it('are made once for a cycle', async () => {
      await fund(books.journal);
      const first = await planLegs(books.journal, leg());
      const second = await books.journal.cycles.plan('cycle/main/1', 'main', books.now, () => {
        throw new Error('decided twice');
      });
      expect(second).toEqual(first);
      expect(await books.balance('USDT')).toMatchObject({ reserved: '601.2' });
    });

    it.each([
      [5 * 60_000 - 1, 'held'],
      [5 * 60_000, 'free'],
    ])('that nobody sent, made by a clock that was %i ms ahead, are %s', async (aheadMs, now) => {
      await fund(books.journal);
      await planLegs(books.journal, leg());
      books.now -= aheadMs;
      await planLegs(
        books.journal,
        leg({ legId: 'sph-2', cycleId: 'cycle/main/2', symbol: 'ETH/USDT', quantity: '0.01' }),
      );
      expect((await books.journal.intents.ofLeg(leg().legId)).map(({ state }) => state)).toEqual(
        now === 'free' ? ['void'] : [],
      );
    });

    it('show the next plan what another one is about to send, and give up what nobody sent', async () => {
      await fund(books.journal);
      await planLegs(books.journal, leg());
      const look = async (cycleId: string) => {
        let seen: unknown[] = [];
        await books.journal.cycles.plan(cycleId, 'main', books.now, ({ openOrders }) => {
          seen = openOrders;
          return { cycleId, equity: '10000', legs: [], verdicts: [], allocations: [] };
        });
        return seen;
      };
      expect(await look('c2')).toMatchObject([{ symbol: 'BTC/USDT', side: 'buy', state: 'initialized' }]);
      books.now += 5 * 60_000;
      expect(await look('c3')).toEqual([]);
      expect(await books.balance('USDT')).toMatchObject({ free: '10000', reserved: '0', dust: '0' });
      expect(await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now))).toMatchObject({
        passed: false,
        value: 'void',
      });
    });

    it('show the next plan what a leg will still send between two of its submissions', async () => {
      await fund(books.journal);
      const sliced = leg({ working: { style: 'twap', slices: ['0.004', '0.006'], intervalMs: 1_000 } });
      await planLegs(books.journal, sliced);
      const { quantity: _whole, ...first } = terms(sliced);
      await books.journal.intents.openFence(sliced, { ...first, quantity: '0.004' }, sending(books.now + 2_000));
      await books.journal.intents.report({
        intentId: fill().intentId,
        state: 'filled',
        venueOrderId: '7',
        filledQuantity: '0.004',
        fills: [fill({ quantity: '0.004', fee: '0' })],
      });
      let seen: unknown[] = [];
      await books.journal.cycles.plan('c2', 'main', books.now, ({ openOrders }) => {
        seen = openOrders;
        return { cycleId: 'c2', equity: '10000', legs: [], verdicts: [], allocations: [] };
      });
      expect(seen).toMatchObject([
        { symbol: 'BTC/USDT', side: 'buy', state: 'initialized', quantity: '0.01', filledQuantity: '0.004' },
      ]);
    });

    it.each([
      [undefined, '0.002', '0'],
      ['0.01', '0.01', '0'],
    ])('pay a fee in the quote currency at the rate of the leg, %s, out of no free cash', async (rate, paid, free) => {
      const cost = decimal(leg().quantity).times(leg().limitPrice);
      const whole = text(cost.times(decimal(1).plus(paid)));
      await fund(books.journal, whole);
      const own = rate === undefined ? leg() : { ...leg(), takerFeeRate: rate };
      await planLegs(books.journal, own);
      expect(await books.balance('USDT')).toMatchObject({ free: '0', reserved: whole });
      await books.journal.intents.openFence(own, terms(own), sending(books.now + 2_000));
      const fee = text(cost.times(paid));
      await books.journal.intents.report({
        intentId: fill().intentId,
        state: 'filled',
        venueOrderId: '7',
        filledQuantity: own.quantity,
        fills: [fill({ price: own.limitPrice, quantity: own.quantity, fee, feeAsset: 'USDT' })],
      });
      expect(await books.balance('USDT')).toMatchObject({ free, reserved: '0' });
    });

    it('come back when a leg is given up, once', async () => {
      await fund(books.journal);
      await planLegs(books.journal, leg());
      await books.journal.cycles.releaseLeg(leg().legId);
      await books.journal.cycles.releaseLeg(leg().legId);
      expect(await books.balance('USDT')).toMatchObject({ free: '10000', reserved: '0', dust: '0' });
    });
  });
});
