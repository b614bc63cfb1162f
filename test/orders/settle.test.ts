import { beforeEach, describe, expect, it } from 'vitest';
import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import type { Quantity } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { VenueOrderId } from '../../domain/orders/ids.ts';
import type { Fill, OrderState } from '../../domain/orders/orders.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { settleIntent } from '../../trading/execute/settle.ts';
import { capabilities } from '../../venues/capabilities.ts';
import type { TradingPort, VenueOrder } from '../../venues/port.ts';
import { fill, fund, leg, planLegs, temporaryJournal, terms } from '../support/books.ts';

const order = leg({ timeInForce: 'GTC', restMs: 60_000 });
const intentId = intentIdOf(order.legId, 1);
const SEND_BY = 2_000;
const { matchingDelayMs: MATCHING_DELAY_MS, keptMs: KEPT_MS } = capabilities.binance.clientIdLookUp;
const part = fill({ intentId, quantity: '0.004', fee: '0' });

/** An exchange that says what the test wants said. */
interface Venue {
  byClientId: VenueOrder | undefined;
  byVenueId: VenueOrder | undefined;
  open: VenueOrder[];
  fills: Fill[];
  /** Its clock, and what we take it for. */
  now: number;
  estimate: number;
}

let journal: Journal;
let venue: Venue;

const trading = {
  capabilities: capabilities.binance,
  exchangeTime: async () => venue.estimate,
  serverTime: async () => venue.now,
  findOrder: async () => venue.byClientId,
  orderById: async () => venue.byVenueId,
  openOrders: async () => venue.open,
  fillsOf: async () => venue.fills,
} as unknown as TradingPort;

const venueOrder = (state: OrderState, filledQuantity = '0'): VenueOrder => ({
  venueOrderId: tagged('7'),
  intentId,
  symbol: order.symbol,
  state,
  filledQuantity: tagged(filledQuantity),
});

const find = async (): Promise<Intent> => {
  const intent = await journal.intents.find(intentId);
  if (!intent) throw new Error('no intent');
  return intent;
};
const settle = async (): Promise<Intent> => settleIntent(journal, trading, await find());
const at = (now: number): void => void Object.assign(venue, { now, estimate: now });
const reserved = async (): Promise<string | undefined> =>
  (await journal.ledger.balances('main')).find(({ asset }) => asset === 'USDT')?.reserved;

/** Past the fence, and what the exchange said of it since. */
async function standing(state: OrderState, fills: Fill[] = []): Promise<void> {
  await journal.intents.openFence(order, terms(order), { sentAt: 0, sendBy: SEND_BY });
  if (state === 'submitted') return;
  const known = state === 'unresolved' ? {} : { venueOrderId: tagged<VenueOrderId>('7') };
  if (state === 'pending_cancel') await journal.intents.report({ intentId, state: 'accepted', ...known, fills: [] });
  await journal.intents.report({ intentId, state, ...known, fills });
}

beforeEach(async () => {
  journal = await temporaryJournal();
  await fund(journal);
  await planLegs(journal, order);
  venue = { byClientId: undefined, byVenueId: undefined, open: [], fills: [], now: 0, estimate: 0 };
});

describe('an order that the exchange no longer knows', () => {
  it.each(['accepted', 'pending_cancel'] as const)(
    'ends as canceled and gives its capital back, once %s is unknown for longer than a look-up may lag',
    async (state) => {
      await standing(state);
      expect(await reserved()).not.toBe('0');
      at(1_000_000);
      // Once is no proof: it is in doubt, and a person hears of it.
      expect(await settle()).toMatchObject({ state: 'unresolved', sendBy: 1_000_000 });
      at(1_000_000 + MATCHING_DELAY_MS);
      expect(await settle()).toMatchObject({ state: 'unresolved' });
      at(1_000_001 + MATCHING_DELAY_MS);
      expect(await settle()).toMatchObject({ state: 'canceled', filledQuantity: '0' });
      expect(await reserved()).toBe('0');
    },
  );

  it('keeps its fills, and books those that only the list of trades has', async () => {
    await standing('partially_filled', [part]);
    const late = { ...part, tradeId: '2', quantity: tagged<Quantity>('0.001') };
    venue.fills = [part, late];
    at(1_000_000);
    await settle();
    at(1_100_000);
    expect(await settle()).toMatchObject({ state: 'canceled', filledQuantity: '0.005' });
    expect(await reserved()).toBe('0');
  });

  it('is filled where the list of trades has all of it', async () => {
    await standing('accepted');
    venue.fills = [{ ...part, quantity: tagged('0.01') }];
    at(1_000_000);
    await settle();
    at(1_100_000);
    expect(await settle()).toMatchObject({ state: 'filled', filledQuantity: '0.01' });
  });

  it.each([
    ['by its client id', { byClientId: venueOrder('accepted') }],
    ['by the exchange’s own id', { byVenueId: venueOrder('accepted') }],
    ['among the open orders', { open: [venueOrder('accepted')] }],
  ])('is taken back where it is found again %s', async (_where, found) => {
    await standing('accepted');
    at(1_000_000);
    expect((await settle()).state).toBe('unresolved');
    at(1_100_000);
    Object.assign(venue, found);
    expect(await settle()).toMatchObject({ state: 'accepted', venueOrderId: '7' });
  });

  it('is not in doubt while a look-up may lag behind its placing', async () => {
    await standing('accepted');
    at(SEND_BY + MATCHING_DELAY_MS);
    expect((await settle()).state).toBe('accepted');
  });

  it('ends as canceled where the exchange has put it away', async () => {
    await standing('accepted');
    venue.byClientId = { ...venueOrder('canceled'), venueOrderId: undefined };
    at(1_000_000);
    expect(await settle()).toMatchObject({ state: 'canceled', venueOrderId: '7' });
    expect(await reserved()).toBe('0');
  });
});

describe('an order that the exchange calls rejected after it took it', () => {
  it.each(['accepted', 'pending_cancel'] as const)('is rejected from %s', async (state) => {
    await standing(state);
    venue.byClientId = venueOrder('rejected');
    expect(await settle()).toMatchObject({ state: 'rejected' });
    expect(await reserved()).toBe('0');
  });

  it.each(['accepted', 'partially_filled', 'pending_cancel'] as const)('keeps the fills of %s', async (state) => {
    await standing(state, [part]);
    venue.byClientId = venueOrder('rejected', '0.004');
    venue.fills = [part];
    expect(await settle()).toMatchObject({ state: 'canceled', filledQuantity: '0.004' });
    expect(await reserved()).toBe('0');
  });
});

describe('a submission that never arrived', () => {
  it.each(['submitted', 'unresolved'] as const)('is void from %s', async (state) => {
    await standing(state);
    at(SEND_BY + MATCHING_DELAY_MS);
    expect((await settle()).state).toBe(state);
    at(SEND_BY + MATCHING_DELAY_MS + 1);
    expect((await settle()).state).toBe('void');
    expect(await reserved()).toBe('0');
  });

  it('is not void by a clock of ours that has run ahead of the exchange', async () => {
    await standing('unresolved');
    Object.assign(venue, { now: SEND_BY + 1, estimate: SEND_BY + MATCHING_DELAY_MS + 500 });
    expect((await settle()).state).toBe('unresolved');
  });

  it('is not called absent where the exchange no longer tells of an order without a fill', async () => {
    await standing('unresolved');
    // It may have ended as soon as it was sent.
    const toldUntil = SEND_BY - capabilities.binance.requestValidMs + KEPT_MS;
    at(toldUntil + 1);
    expect(await settle()).toMatchObject({
      state: 'canceled',
      filledQuantity: '0',
      detail: expect.stringContaining('no longer tells'),
    });
    expect(await reserved()).toBe('0');
  });

  it('is void as long as the exchange would still tell of it', async () => {
    await standing('unresolved');
    at(SEND_BY - capabilities.binance.requestValidMs + KEPT_MS);
    expect((await settle()).state).toBe('void');
  });

  it('is found among the open orders', async () => {
    await standing('unresolved');
    at(1_000_000);
    venue.open = [venueOrder('accepted')];
    expect(await settle()).toMatchObject({ state: 'accepted', venueOrderId: '7' });
  });
});
