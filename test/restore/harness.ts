import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { riskSchema } from '../../contracts/config/schema.ts';
import { intentId } from '../../contracts/workflow-ids.ts';
import { decimal, floorToStep, type Money, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { makeBackup } from '../../stores/backup/backup.ts';
import type { Places } from '../../stores/backup/places.ts';
import { completeReplacement } from '../../stores/backup/replace.ts';
import { restoreBackup } from '../../stores/backup/restore.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openPostgresJournal } from '../../stores/journal/postgres/journal.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { createIngest, type Ingest, type Stranger } from '../../trading/reconcile/ingest.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import type { TradingPort } from '../../venues/port.ts';
import { startTestExchange, type TestAccount, type TestExchange } from '../paper-exchange/harness.ts';
import { signedCall } from '../paper-exchange/signing.ts';
import { fund, leg, PAPER, sending, temporaryFolder, terms } from '../support/books.ts';
import type { Plain } from '../support/plain.ts';
import type { PostgresServer } from '../support/postgres.ts';

export const ENGINES = ['sqlite', 'postgres'] as const;
export type Engine = (typeof ENGINES)[number];
const SYMBOL = 'BTC/USDT';
/** An order that is to be half filled is more than the market takes while a test goes on. */
const CASH = '10000000';
const LARGE = '20';

/** Books in a database of their own that are bound to an account of a paper exchange, and can be backed up and restored. */
export interface Restorable {
  readonly journal: Journal;
  readonly trading: TradingPort;
  readonly ingest: Ingest;
  ingestOf(...symbols: string[]): Ingest;
  readonly strangers: Stranger[];
  readonly exchange: TestExchange;
  places: Places;
  /** Folder of the backup. */
  backUp(): Promise<string>;
  restore(folder: string): Promise<{ aside: string }>;
  /** Closes the books for what needs nobody at them, and opens what stands there then. */
  whileClosed<T>(work: () => Promise<T>): Promise<T>;
  /** A leg that takes at the market. */
  taking(legId: string, changes?: Plain<Partial<OrderLeg>>): Promise<OrderLeg>;
  /** A buy above the best bid that rests, of which somebody else has filled something. */
  halfFilled(legId: string): Promise<OrderLeg>;
  send(order: OrderLeg): Promise<void>;
  close(): Promise<void>;
}

export async function placesIn(folder: string, engine: Engine, server: PostgresServer): Promise<Places> {
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  return {
    mode: 'paper',
    journal: '',
    books:
      engine === 'sqlite'
        ? { engine, journal: join(data, 'journal.db'), market: join(data, 'market-buffer.db') }
        : { engine, url: await server.database() },
    warehouse: join(data, 'warehouse', 'paper'),
    backups: join(folder, 'backups'),
    key: join(data, 'backup.key'),
  };
}

export async function openBooks({ books }: Places): Promise<Journal> {
  const journal =
    books.engine === 'sqlite'
      ? await openSqliteJournal(books.journal, PAPER)
      : await openPostgresJournal(books.url, PAPER);
  await journal.risk.adopt(
    'main',
    riskSchema.parse({ maxOrderNotional: CASH, maxSymbolExposure: 1, maxGrossExposure: 1 }),
  );
  return journal;
}

export async function tradingAs({ apiKey, secret }: TestAccount, exchange: TestExchange): Promise<TradingPort> {
  return createCcxtTrading(createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret }));
}

/** @param settings of the paper exchange */
export async function makeRestorable(
  engine: Engine,
  server: PostgresServer,
  settings: Record<string, unknown> = {},
): Promise<Restorable> {
  const exchange = await startTestExchange(settings, [SYMBOL, 'BNB/USDT']);
  const trading = await tradingAs(await exchange.account('main', { USDT: CASH }), exchange);
  const other = await exchange.account('other', { BTC: '1000' });
  const places = await placesIn(temporaryFolder(), engine, server);
  const strangers: Stranger[] = [];
  let journal = await openBooks(places);
  places.journal = journal.id;
  await fund(journal, CASH);
  const identity = await trading.accountIdentity();
  await journal.bindings.bind({ account: 'main', identity, by: 'npm start', via: 'system:npm start' });

  const ingestOf = (...symbols: string[]): Ingest =>
    createIngest({
      journal,
      trading,
      account: 'main',
      symbols,
      holder: 'one',
      onStrangers: async (found) => void strangers.push(...found),
      logger: pino({ level: 'silent' }),
    });
  let ingest = ingestOf(SYMBOL);
  const whileClosed = async <T>(work: () => Promise<T>): Promise<T> => {
    await journal.close();
    try {
      return await work();
    } finally {
      journal = await openBooks(places);
      ingest = ingestOf(SYMBOL);
    }
  };
  /** As an execution worker sends its first submission. */
  const send = async (order: OrderLeg): Promise<void> => {
    const { cycleId, account } = order;
    const equity = tagged<Money>(CASH);
    const plan = { cycleId, equity, legs: [order], verdicts: [], allocations: [] };
    await journal.cycles.plan(cycleId, account, Date.now(), () => plan);
    const fence = await journal.intents.openFence(order, terms(order), sending(await trading.exchangeTime()));
    if (!fence.passed) throw new Error(`${fence.code}: limit ${fence.limit}, value ${fence.value}`);
    const { order: placed, fills } = await trading.place(fence.order);
    const { state, venueOrderId, filledQuantity } = placed;
    await journal.intents.report({ intentId: fence.intent.intentId, state, venueOrderId, filledQuantity, fills });
  };
  return {
    get journal() {
      return journal;
    },
    get ingest() {
      return ingest;
    },
    ingestOf,
    trading,
    strangers,
    exchange,
    places,
    whileClosed,
    backUp: async () => (await makeBackup(places, { at: Date.now(), scheduled: false })).folder,
    restore: (folder) =>
      whileClosed(async () => {
        const restored = await restoreBackup(folder, places, Date.now());
        await completeReplacement(places);
        return restored;
      }),
    async taking(legId, changes = {}) {
      const { ask } = await trading.touch(SYMBOL);
      const limitPrice = text(floorToStep(decimal(ask).times('1.01'), decimal('0.01')));
      return leg({ legId, cycleId: `cycle/main/${legId}`, quantity: '0.001', limitPrice, ...changes });
    },
    async halfFilled(legId) {
      const { bid } = await trading.touch(SYMBOL);
      const terms = { type: 'limit', timeInForce: 'GTC', restMs: 600_000, quantity: LARGE } as const;
      const order = leg({
        legId,
        cycleId: `cycle/main/${legId}`,
        ...terms,
        limitPrice: text(decimal(bid).plus('0.01')),
      });
      await send(order);
      const sale = { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '1' };
      // The market may bid more by now: what is sold goes there first.
      for (let filled = '0'; filled === '0'; ) {
        await signedCall(other, 'POST', '/order', sale);
        filled = (await trading.findOrder(SYMBOL, intentId(order.legId, 1)))?.filledQuantity ?? '0';
      }
      return order;
    },
    send,
    close: async () => {
      await journal.close();
      await exchange.close();
    },
  };
}
