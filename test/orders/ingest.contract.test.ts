import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { intentId } from '../../contracts/workflow-ids.ts';
import { decimal, floorToStep, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { createIngest, type Ingest, type IngestDependencies, type Stranger } from '../../trading/reconcile/ingest.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { openUserStream } from '../../venues/binance/user-stream.ts';
import type { TradingPort } from '../../venues/port.ts';
import { startTestExchange, type TestAccount, type TestExchange, until } from '../paper-exchange/harness.ts';
import { signedCall } from '../paper-exchange/signing.ts';
import { fenced, fund, leg, planLegs, sending, temporaryJournal, terms } from '../support/books.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';

const silent = pino({ level: 'silent' });

let exchange: TestExchange;
let account: TestAccount;
let journal: Journal;
let trading: TradingPort;
let strangers: Stranger[];

beforeEach(async () => {
  exchange = await startTestExchange();
  account = await exchange.account('main', { USDT: '10000' });
  const { apiKey, secret } = account;
  trading = await createCcxtTrading(createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret }));
  journal = await temporaryJournal();
  await fund(journal);
  strangers = [];
});
afterEach(async () => {
  await journal.close();
  await exchange.close();
});

function ingestOf(changes: Partial<IngestDependencies> = {}): Ingest {
  return createIngest({
    journal,
    trading,
    account: 'main',
    symbols: ['BTC/USDT'],
    holder: 'one',
    onStrangers: async (found) => void strangers.push(...found),
    logger: silent,
    ...changes,
  });
}

/** Passes the fence and reaches the exchange; what the exchange answered is lost. */
async function sendAndForget(legId: string): Promise<OrderLeg> {
  const { ask } = await trading.touch('BTC/USDT');
  const limitPrice = text(floorToStep(decimal(ask).times('1.01'), decimal('0.01')));
  const order = leg({ legId, cycleId: `cycle/${legId}`, quantity: '0.001', limitPrice });
  await planLegs(journal, order);
  const timestamp = await trading.exchangeTime();
  const fence = await journal.intents.openFence(order, terms(order), sending(timestamp));
  if (!fence.passed) throw new Error(`${fence.code}: ${fence.value}`);
  await trading.place(fence.order);
  return order;
}

const foreignBuy = () =>
  signedCall(account, 'POST', '/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.002' });

describe('the ingestor', () => {
  it('books the fills of an order whose answer was lost, by the order that the exchange names', async () => {
    const ingest = ingestOf();
    await ingest.round();
    const { legId } = await sendAndForget('sphlost');
    expect((await journal.intents.find(intentId(legId, 1)))?.filledQuantity).toBe('0');
    expect(await ingest.round()).toBe(true);
    expect(await journal.intents.find(intentId(legId, 1))).toMatchObject({
      filledQuantity: '0.001',
      state: 'filled',
    });
    expect(strangers).toEqual([]);
    expect(await journal.ledger.positions('main')).toMatchObject([{ symbol: 'BTC/USDT', quantity: '0.000999' }]);
  });

  it('books each fill once, however often and beside whoever else it is booked', async () => {
    const ingest = ingestOf();
    await ingest.round();
    const order = await sendAndForget('sphtwice');
    const id = intentId(order.legId, 1);
    const found = await trading.findOrder('BTC/USDT', id);
    const report = async () => {
      const fills = await trading.fillsOf(order, id, tagged(found?.venueOrderId ?? ''));
      await journal.intents.report({
        intentId: id,
        state: 'filled',
        venueOrderId: tagged(found?.venueOrderId ?? ''),
        filledQuantity: tagged('0.001'),
        fills,
      });
    };
    await Promise.all([ingest.round(), report(), ingest.round(), report()]);
    await ingest.round();
    expect(await journal.intents.find(id)).toMatchObject({ state: 'filled', filledQuantity: '0.001' });
    await expectBooksEqualExchange({ journal, trading });
  });

  it('goes on from its cursor, page after page', async () => {
    const ingest = ingestOf();
    await ingest.round();
    expect(await journal.exchange.cursor('main', 'BTC/USDT')).toBe('1');
    await sendAndForget('sphfirst');
    await ingest.round();
    const cursor = await journal.exchange.cursor('main', 'BTC/USDT');
    expect(BigInt(cursor ?? '')).toBeGreaterThan(1n);
    const nothingNew = { trades: [], next: cursor, isFull: false };
    expect(await trading.tradesFrom('BTC/USDT', cursor)).toEqual(nothingNew);
    await sendAndForget('sphsecond');
    const page = await trading.tradesFrom('BTC/USDT', cursor);
    expect(page.trades).not.toEqual([]);
    await ingest.round();
    expect(await journal.exchange.cursor('main', 'BTC/USDT')).toBe(page.next);
  });

  it('is not confused by an answer that comes twice and in the wrong order', async () => {
    const ingest = ingestOf();
    await ingest.round();
    await sendAndForget('spha');
    await sendAndForget('sphb');
    await exchange.admin('POST', '/admin/faults', { kind: 'shuffle-answer', path: '/api/v3/myTrades', count: 1 });
    await ingest.round();
    expect((await journal.ledger.positions('main'))[0]?.quantity).toBe('0.001998');
    const cursor = await journal.exchange.cursor('main', 'BTC/USDT');
    expect((await trading.tradesFrom('BTC/USDT', cursor)).trades).toEqual([]);
  });

  it('stays where it was when a round fails, and books by the next', async () => {
    const ingest = ingestOf();
    await ingest.round();
    await sendAndForget('sphfault');
    await exchange.admin('POST', '/admin/faults', { kind: 'server-error', path: '/api/v3/myTrades', count: 1 });
    await expect(ingest.round()).rejects.toThrow();
    expect(await ingest.round()).toBe(true);
    expect((await journal.ledger.positions('main'))[0]?.quantity).toBe('0.000999');
  });

  it('names a trade that is not ours, and passes it only once that was heard', async () => {
    let deaf = true;
    const ingest = ingestOf({
      onStrangers: async (found) => {
        if (deaf) throw new Error('nobody hears');
        strangers.push(...found);
      },
    });
    await ingest.round();
    await foreignBuy();
    await expect(ingest.round()).rejects.toThrow('nobody hears');
    expect(await journal.exchange.cursor('main', 'BTC/USDT')).toBe('1');
    deaf = false;
    await ingest.round();
    expect(strangers.length).toBeGreaterThan(0);
    expect(strangers[0]).toMatchObject({
      symbol: 'BTC/USDT',
      words: expect.stringContaining('is of no order of ours'),
    });
    const heard = strangers.length;
    await ingest.round();
    expect(strangers).toHaveLength(heard);
    expect(await journal.ledger.positions('main')).toEqual([]);
  });

  it('takes what stood there before its first look for the past of the account', async () => {
    await foreignBuy();
    const ingest = ingestOf();
    expect(await ingest.round()).toBe(true);
    expect(strangers).toEqual([]);
    await foreignBuy();
    await ingest.round();
    expect(strangers.length).toBeGreaterThan(0);
  });

  it('finds a lost order of ours even in the past of the account', async () => {
    await foreignBuy();
    await sendAndForget('sphpast');
    await ingestOf().round();
    expect(strangers).toEqual([]);
    expect((await journal.ledger.positions('main'))[0]?.quantity).toBe('0.000999');
  });

  it('books a fill of an order that was settled as absent, and says so', async () => {
    const ingest = ingestOf();
    await ingest.round();
    const { legId } = await sendAndForget('sphabsent');
    await journal.intents.report({ intentId: intentId(legId, 1), state: 'void', fills: [] });
    await ingest.round();
    expect((await journal.ledger.positions('main'))[0]?.quantity).toBe('0.000999');
    expect(strangers[0]?.words).toMatch(/is of sphabsent-1, which the books say was void/);
  });

  it('is one at a time: another process waits until the lease has run out', async () => {
    let now = Date.now();
    await journal.close();
    journal = await temporaryJournal(() => now);
    await fund(journal);
    const [one, two] = [ingestOf(), ingestOf({ holder: 'two' })];
    expect(await one.round()).toBe(true);
    expect(await two.round()).toBe(false);
    now += 20_000;
    expect(await two.round()).toBe(true);
    expect(await one.round()).toBe(false);
    // A clock that was set back does not keep the account's trades from being read.
    now -= 600_000;
    expect(await one.round()).toBe(true);
    expect(await two.round()).toBe(false);
  });
});

describe('the user data stream', () => {
  it('wakes on a trade, and again after the line broke', async () => {
    let events = 0;
    const stream = openUserStream({
      url: account.urls.wsApi,
      keys: account,
      exchangeTime: trading.exchangeTime,
      onEvent: () => {
        events += 1;
      },
      logger: silent,
    });
    try {
      await until(() => (events > 0 ? true : undefined));
      const subscribed = events;
      await foreignBuy();
      await until(() => (events > subscribed ? true : undefined));

      // The whole order has been told before the line breaks.
      await sleep(200);
      const before = events;
      await exchange.admin('POST', '/admin/faults', { kind: 'close-stream', account: 'main' });
      await until(() => (events > before ? true : undefined));
      const again = events;
      await foreignBuy();
      await until(() => (events > again ? true : undefined));
    } finally {
      stream.close();
    }
  });

  it('names the order of an event, by the id that we gave it', async () => {
    const named = new Set<string | undefined>();
    const stream = openUserStream({
      url: account.urls.wsApi,
      keys: account,
      exchangeTime: trading.exchangeTime,
      onEvent: (id) => void named.add(id),
      logger: silent,
    });
    try {
      await until(() => (named.has(undefined) ? true : undefined));
      const order = leg({ limitPrice: '30000', quantity: '0.001', timeInForce: 'GTC' });
      await trading.place(fenced(order, 'sphnamed-1', await trading.exchangeTime()));
      await until(() => (named.has('sphnamed-1') ? true : undefined));
      named.clear();
      await trading.cancel('BTC/USDT', tagged('sphnamed-1'));
      await until(() => (named.has('sphnamed-1') ? true : undefined));
    } finally {
      stream.close();
    }
  });
});
