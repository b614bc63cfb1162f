import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BookOutRequest, bookOutPosition } from '../../client/controls/book-out.ts';
import { intentId } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Working } from '../../domain/orders/orders.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { compareAtRest } from '../../trading/reconcile/strict.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import type { TradingPort } from '../../venues/port.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { fund, leg, planLegs, sending, temporaryJournal, terms, trade } from '../support/books.ts';
import { type Plain } from '../support/plain.ts';

const SYMBOL = 'SOL/USDT';

/** Books and paper account hold 2 SOL for 300 USDT, on an exchange that does not list it any more. */
describe('booking out a position', () => {
  let exchange: TestExchange;
  let journal: Journal;
  let trading: TradingPort;
  beforeEach(async () => {
    exchange = await startTestExchange();
    const { apiKey, secret } = await exchange.account('main', { USDT: '9700', SOL: '2' });
    const client = createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret });
    const read = client.publicGetExchangeInfo.bind(client);
    client.publicGetExchangeInfo = async (...request: Parameters<typeof read>) => {
      const info = (await read(...request)) as { symbols: { symbol: string }[] };
      return { ...info, symbols: info.symbols.filter(({ symbol }) => symbol !== 'SOLUSDT') };
    };
    trading = await createCcxtTrading(client);
    journal = await temporaryJournal();
    await fund(journal);
    await trade(journal, leg({ symbol: SYMBOL, quantity: '2', limitPrice: '150' }));
  });
  afterEach(async () => {
    await journal.close();
    await exchange.close();
  });

  const request: BookOutRequest = {
    reference: 'sol-1',
    account: 'main',
    symbol: SYMBOL,
    value: '0',
    reason: 'delisted',
    by: 'ann',
    via: 'os:ann',
  };
  const bookOut = (changes: Partial<BookOutRequest> = {}) =>
    bookOutPosition({ ...request, ...changes }, { journal, trading });
  const leave = async (amount: string) => {
    const left = await exchange.admin('POST', '/admin/withdrawals', { name: 'main', asset: 'SOL', amount });
    expect(left.status).toBe(200);
  };
  const held = async () => (await journal.ledger.positions('main')).find(({ symbol }) => symbol === SYMBOL);

  it.each([
    ['that the exchange still has', '0', { kept: '2', left: '0' }],
    ['that has left', '2', { kept: '0', left: '2' }],
    ['of which a part has left', '0.5', { kept: '1.5', left: '0.5' }],
  ])('%s leaves books and exchange equal', async (_which, gone, expected) => {
    if (gone !== '0') await leave(gone);
    expect(await bookOut()).toMatchObject({ booked: expected, ended: [] });
    expect(await compareAtRest({ journal, trading }, 'main')).toEqual({ clean: true, differences: [] });
    expect(await held()).toMatchObject({ quantity: '0', realizedPnl: '-300' });
  });

  it('is booked once by its reference', async () => {
    await bookOut();
    expect(await bookOut()).toMatchObject({ reference: 'sol-1', symbol: SYMBOL, booked: undefined, ended: [] });
    await expect(bookOut({ value: '7' })).rejects.toMatchObject({ code: 'ReferenceTaken' });
    expect(await held()).toMatchObject({ dust: '2', realizedPnl: '-300' });
    await expect(bookOut({ reference: 'sol-2', symbol: 'GONE/USDT' })).rejects.toMatchObject({ code: 'NotHeld' });
  });

  it('is refused while a submission may still be on its way', async () => {
    const sell = leg({
      legId: 'sph2',
      cycleId: 'c2',
      symbol: SYMBOL,
      side: 'sell',
      purpose: 'protect',
      quantity: '2',
      limitPrice: '147',
    });
    await planLegs(journal, sell);
    await journal.intents.openFence(sell, terms(sell), sending(Date.now() + 60_000));
    await expect(bookOut()).rejects.toMatchObject({ code: 'OrderOpen', exitCode: 5 });
    expect(await held()).toMatchObject({ quantity: '2' });
  });

  it.each([
    ['submitted', 'void'],
    ['unresolved', 'void'],
    ['accepted', 'canceled'],
    ['unresolved', 'canceled', '77'],
  ] as const)('ends a submission that is %s as %s once its time is over', async (state, end, venueOrderId?: string) => {
    const sell = leg({ legId: 'sph2', cycleId: 'c2', symbol: SYMBOL, side: 'sell', purpose: 'protect', quantity: '2' });
    await planLegs(journal, sell);
    await journal.intents.openFence(sell, terms(sell), sending(Date.now() - 2_001));
    if (state !== 'submitted')
      await journal.intents.report({
        intentId: intentId(tagged('sph2'), 1),
        state,
        venueOrderId: venueOrderId === undefined ? undefined : tagged(venueOrderId),
        fills: [],
      });
    expect(await bookOut()).toMatchObject({ ended: [intentId(tagged('sph2'), 1)], booked: { kept: '2' } });
    expect(await journal.intents.find(intentId(tagged('sph2'), 1))).toMatchObject({ state: end });
    expect(await compareAtRest({ journal, trading }, 'main')).toEqual({ clean: true, differences: [] });
  });

  it('ends a purchase of unknown end, and frees its money, where nothing is held', async () => {
    const buy = leg({ legId: 'sph3', cycleId: 'c3', symbol: 'GONE/USDT', quantity: '1', limitPrice: '100' });
    await planLegs(journal, buy);
    await journal.intents.openFence(buy, terms(buy), sending(Date.now() - 2_001));
    const gone = { symbol: 'GONE/USDT', reference: 'gone-1' };
    expect(await bookOut(gone)).toMatchObject({ booked: undefined, ended: [intentId(tagged('sph3'), 1)] });
    expect(await journal.ledger.balances('main')).toContainEqual(
      expect.objectContaining({ asset: 'USDT', free: '9700', reserved: '0' }),
    );
    await expect(bookOut(gone)).rejects.toMatchObject({ code: 'NotHeld' });
  });

  it.each<[string, Plain<Working>]>([
    ['chase', { style: 'chase', submissions: 3 }],
    ['TWAP', { style: 'twap', slices: ['1', '1'], intervalMs: 60_000 }],
  ])('ends a sale by %s with what it would send next', async (_style, working) => {
    const sell = leg({
      legId: 'sph2',
      cycleId: 'c2',
      symbol: SYMBOL,
      side: 'sell',
      purpose: 'flatten',
      timeInForce: 'GTC',
      quantity: '2',
      working,
    });
    await planLegs(journal, sell);
    await journal.intents.openFence(sell, { ...terms(sell), quantity: tagged('1') }, sending(Date.now() - 2_001));
    await journal.intents.report({
      intentId: intentId(tagged('sph2'), 1),
      state: 'accepted',
      venueOrderId: tagged('77'),
      fills: [],
    });
    const ended = [intentId(tagged('sph2'), 1), intentId(tagged('sph2'), 2)];
    expect(await bookOut()).toMatchObject({ ended, booked: { kept: '2' } });
    expect((await journal.intents.ofLeg(tagged('sph2'))).map(({ state }) => state)).toEqual(['canceled', 'void']);
    expect(await compareAtRest({ journal, trading }, 'main')).toEqual({ clean: true, differences: [] });
  });

  it('ends a purchase that chases, and frees its money, where nothing is held', async () => {
    const working = { style: 'chase', submissions: 3 } as const;
    const buy = leg({ legId: 'sph3', cycleId: 'c3', symbol: 'GONE/USDT', quantity: '1', limitPrice: '100', working });
    await planLegs(journal, buy);
    await journal.intents.openFence(buy, terms(buy), sending(Date.now() - 2_001));
    await journal.intents.report({
      intentId: intentId(tagged('sph3'), 1),
      state: 'accepted',
      venueOrderId: tagged('77'),
      fills: [],
    });
    const gone = { symbol: 'GONE/USDT', reference: 'gone-1' };
    const ended = [intentId(tagged('sph3'), 1), intentId(tagged('sph3'), 2)];
    expect(await bookOut(gone)).toMatchObject({ booked: undefined, ended });
    expect(await journal.ledger.balances('main')).toContainEqual(
      expect.objectContaining({ asset: 'USDT', free: '9700', reserved: '0' }),
    );
  });

  it('ends what was planned and not sent, at once', async () => {
    const buy = leg({ legId: 'sph3', cycleId: 'c3', symbol: 'GONE/USDT', quantity: '1', limitPrice: '100' });
    await planLegs(journal, buy);
    const result = await bookOut({ symbol: 'GONE/USDT', reference: 'gone-1' });
    expect(result).toMatchObject({ booked: undefined, ended: [intentId(tagged('sph3'), 1)] });
    // A sender that wakes late finds the tombstone.
    expect(await journal.intents.openFence(buy, terms(buy), sending(Date.now()))).toMatchObject({
      code: 'IntentExists',
    });
  });

  it('is refused while the exchange trades it', async () => {
    await expect(bookOut({ symbol: 'BTC/USDT' })).rejects.toMatchObject({ code: 'SymbolTraded', exitCode: 5 });
  });

  it('is refused while a halted symbol has an order whose end can be asked for', async () => {
    const sell = leg({ legId: 'sph2', cycleId: 'c2', symbol: SYMBOL, side: 'sell', purpose: 'protect', quantity: '2' });
    await planLegs(journal, sell);
    await journal.intents.openFence(sell, terms(sell), sending(Date.now() - 2_001));
    const halted = { listing: () => 'halted' as const, balances: trading.balances };
    const booking = bookOutPosition(request, { journal, trading: halted });
    await expect(booking).rejects.toMatchObject({ code: 'OrderOpen' });
  });
});
