import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Quantity } from '../../domain/money/money.ts';
import { decimal, floorToStep, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { IntentId } from '../../domain/orders/ids.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { SubmissionTerms } from '../../domain/orders/submissions.ts';
import { type TradingPort, VenueRejection, type VenueTrade } from '../../venues/port.ts';
import { fenced } from '../support/books.ts';

const SYMBOL = 'BTC/USDT';
const RESTING_SHARE = '0.9';
const TAKING_SHARE = '1.005';

/**
 * What order placing, looking up and settling rely on, asked of a venue through the port. The same on the paper exchange and on Binance's
 * testnet: a friendlier paper exchange would hide the faults of the real one.
 */
export function describeTradingContract(
  venue: string,
  open: () => Promise<{ trading: TradingPort; close(): Promise<void> }>,
  run: boolean,
): void {
  describe.skipIf(!run)(`the trading contract on ${venue}`, () => {
    let trading: TradingPort;
    beforeAll(async () => {
      const opened = await open();
      trading = opened.trading;
      return opened.close;
    }, 60_000);

    const orderId = (): IntentId => tagged(`sphtest${randomUUID().replaceAll('-', '').slice(0, 20)}-1`);

    async function terms(side: 'buy' | 'sell', share: string, changes: Partial<SubmissionTerms> = {}) {
      const { tickSize, stepSize, minNotional } = trading.instrument(SYMBOL);
      const { ask } = await trading.touch(SYMBOL);
      const limitPrice = floorToStep(decimal(ask).times(share), decimal(tickSize));
      // Three times the least value: a part that is left is still an order.
      const least = decimal(minNotional).times(3).div(limitPrice);
      const quantity = text(floorToStep(least, decimal(stepSize)).plus(stepSize));
      const submission: SubmissionTerms = {
        submission: 1,
        type: 'limit',
        timeInForce: 'GTC',
        quantity: tagged(quantity),
        limitPrice: text(limitPrice),
        restMs: 60_000,
        ...changes,
      };
      const leg: OrderLeg = {
        legId: tagged('sphtest'),
        cycleId: tagged('contract'),
        correlationId: 'contract',
        account: 'main',
        symbol: SYMBOL,
        side,
        purpose: side === 'buy' ? 'open' : 'flatten',
        type: submission.type,
        quantity: submission.quantity,
        limitPrice: submission.limitPrice,
        timeInForce: submission.timeInForce,
        restMs: submission.restMs,
        working: { style: 'once' },
        minNotional,
        epoch: 0,
      };
      return { leg, submission };
    }

    async function place(id: string, side: 'buy' | 'sell', share: string, changes: Partial<SubmissionTerms> = {}) {
      const { leg, submission } = await terms(side, share, changes);
      return trading.place(fenced(leg, id, await trading.exchangeTime(), submission));
    }

    test('tells the time and the best prices', async () => {
      expect(Math.abs((await trading.exchangeTime()) - Date.now())).toBeLessThan(60_000);
      const { bid, ask } = await trading.touch(SYMBOL);
      expect(decimal(bid).lessThan(ask)).toBe(true);
    });

    test('says whose account it is, the same each time, and not by the venue’s own number', async () => {
      const identity = await trading.accountIdentity();
      expect(await trading.accountIdentity()).toEqual(identity);
      expect(identity.venue).toBe(trading.venue);
      expect(identity.market).not.toBe('');
      expect(identity.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    });

    test('places a resting order, finds it by client id, lists it, and cancels it', async () => {
      const id = orderId();
      const { order, fills } = await place(id, 'buy', RESTING_SHARE);
      expect(order).toMatchObject({ intentId: id, symbol: SYMBOL, state: 'accepted', filledQuantity: '0' });
      expect(fills).toEqual([]);
      expect(await trading.findOrder(SYMBOL, id)).toEqual(order);
      expect((await trading.openOrders(SYMBOL)).map(({ intentId }) => intentId)).toContain(id);
      await trading.cancel(SYMBOL, id);
      expect(await trading.findOrder(SYMBOL, id)).toMatchObject({
        venueOrderId: order.venueOrderId,
        state: 'canceled',
      });
      expect((await trading.openOrders()).map(({ intentId }) => intentId)).not.toContain(id);
      // Whoever cancels again is told nothing new.
      await trading.cancel(SYMBOL, id);
    });

    test('knows nothing of an id that was never sent', async () => {
      const id = orderId();
      expect(await trading.findOrder(SYMBOL, id)).toBeUndefined();
      await trading.cancel(SYMBOL, id);
    });

    test('fills what crosses the market, with trades that add up to the order and carry their fees', async () => {
      const id = orderId();
      const { order, fills } = await place(id, 'buy', TAKING_SHARE, { timeInForce: 'IOC' });
      expect(order.state).toBe('filled');
      const trades = await trading.fillsOf({ account: 'main', symbol: SYMBOL }, id, order.venueOrderId ?? tagged(''));
      const total = trades.reduce((sum, { quantity }) => sum.plus(quantity), decimal(0));
      expect(text(total)).toBe(order.filledQuantity);
      const keys = (list: typeof fills) =>
        list.map(({ tradeId, price, quantity, fee, feeAsset }) => [tradeId, price, quantity, fee, feeAsset].join(' '));
      expect(keys(trades).sort()).toEqual(keys(fills).sort());
      expect(trades.every(({ intentId, side, feeAsset }) => intentId === id && side === 'buy' && feeAsset !== '')).toBe(
        true,
      );

      const bought = decimal(order.filledQuantity);
      const { stepSize } = trading.instrument(SYMBOL);
      const back = orderId();
      const sold = await place(back, 'sell', RESTING_SHARE, {
        timeInForce: 'IOC',
        quantity: text(floorToStep(bought.times('0.99'), decimal(stepSize))),
      });
      expect(sold.order.state).toBe('filled');
    });

    test('takes the same client id again once its order is gone, so that it protects nobody', async () => {
      const id = orderId();
      const first = await place(id, 'buy', RESTING_SHARE);
      // No rejection: what rests under the id may be the answer to the first sending.
      const duplicate = await place(id, 'buy', RESTING_SHARE).catch((error: unknown) => error);
      expect(String(duplicate)).toContain('Duplicate order sent');
      expect(duplicate).not.toBeInstanceOf(VenueRejection);
      await trading.cancel(SYMBOL, id);
      const second = await place(id, 'buy', RESTING_SHARE);
      expect(second.order.venueOrderId).not.toBe(first.order.venueOrderId);
      await trading.cancel(SYMBOL, id);
    });

    test('gives its trades on from a cursor, and none is left out', async () => {
      const readOn = async (from: string | undefined): Promise<{ trades: VenueTrade[]; next: string }> => {
        const { trades, next, isFull } = await trading.tradesFrom(SYMBOL, from);
        if (!isFull) return { trades, next };
        const later = await readOn(next);
        return { trades: [...trades, ...later.trades], next: later.next };
      };
      const before = await readOn(undefined);
      const { order } = await place(orderId(), 'buy', TAKING_SHARE, { timeInForce: 'IOC' });
      const after = await readOn(before.next);
      const own = after.trades.filter(({ venueOrderId }) => venueOrderId === order.venueOrderId);
      expect(text(own.reduce((sum, { quantity }) => sum.plus(quantity), decimal(0)))).toBe(order.filledQuantity);
      const ids = [...before.trades, ...after.trades].map(({ tradeId }) => tradeId);
      if (trading.capabilities.tradeCursor === 'sequence') expect(new Set(ids).size).toBe(ids.length);
      expect(await readOn(after.next)).toEqual({ trades: [], next: after.next });
    });

    test.each([
      ['more than the account holds', { quantity: tagged<Quantity>('8000') }],
      ['less than the least value', { quantity: tagged<Quantity>('0.00001') }],
      ['a post-only order that would take', { type: 'post_only' }],
    ] as const)('rejects %s for certain', async (_name, changes) => {
      const id = orderId();
      await expect(place(id, 'buy', TAKING_SHARE, changes)).rejects.toThrow(VenueRejection);
      expect(await trading.findOrder(SYMBOL, id)).toBeUndefined();
    });

    test('refuses a request that was held up', async () => {
      const id = orderId();
      const { leg, submission } = await terms('buy', RESTING_SHARE);
      const heldUp = (await trading.exchangeTime()) - 10_000;
      await expect(trading.place(fenced(leg, id, heldUp, submission))).rejects.toThrow(VenueRejection);
      expect(await trading.findOrder(SYMBOL, id)).toBeUndefined();
    });
  });
}
