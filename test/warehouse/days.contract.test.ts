import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { via } from '../../contracts/audit.ts';
import { configurationSchema, riskSchema } from '../../contracts/config/schema.ts';
import { newDraft } from '../../contracts/cycle-draft.ts';
import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import type { OrderBook } from '../../domain/market/market.ts';
import { midsOf, NO_BOOK, type Price, type Prices } from '../../domain/market/prices.ts';
import { type Decimal, decimal, sum, text, ZERO } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { duckDbDialect } from '../../stores/warehouse/reports/dialect.ts';
import { runReport } from '../../stores/warehouse/reports/index.ts';
import { profitByDay } from '../../stores/warehouse/reports/profit.ts';
import type { Range } from '../../stores/warehouse/reports/query.ts';
import { openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { recordOfCycle } from '../../trading/decide/record.ts';
import { markWhileHalted } from '../../trading/reconcile/mark-halted.ts';
import {
  fill,
  leg,
  PAPER,
  planLegs,
  sending,
  temporaryFolder,
  temporaryMarketBuffer,
  terms,
} from '../support/books.ts';

const SECOND = 1_000;
const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 10, 2);
const ALL: Range = { from: FIRST, to: FIRST + 400 * DAY };
const SYMBOL = 'BTC/USDT';

/** What neither a wait between two entries nor a day's budget keeps from trading: it is the days that are looked at. */
const risk = riskSchema.parse({ reentryPauseSeconds: 0, maxDailyTurnover: 1_000, maxDailyFees: 1 });

const { cycle } = configurationSchema.parse({});

/** A third coin, which fees may be paid in. Its price stands: what a fee had cost is what it is worth. */
const BNB = 'BNB/USDT';
const BNB_PRICE = decimal('600');

type Asset = 'USDT' | 'BTC' | 'BNB';
type Row = Record<string, string | number | null>;

/** The books of an account, what a person who kept them by hand has, and the report of its days. */
async function startAccount() {
  let now = FIRST + DAY / 2;
  let price = decimal('60000');
  let events = 0;
  const folder = temporaryFolder();
  const journal = await openSqliteJournal(join(folder, 'journal.db'), PAPER, () => now);
  await journal.risk.adopt('main', risk);
  const market = await temporaryMarketBuffer(folder);
  const warehouse = openWarehouse({ folder: join(folder, 'warehouse'), mode: 'paper', journal: journal.id });
  const feeds = feedsOf(journal, market.outbox);
  const logger = pino({ level: 'silent' });
  const own = { cash: ZERO, held: ZERO, bnb: ZERO, paid: ZERO, fees: ZERO, results: new Map<number, Decimal>() };
  const worth = (): Decimal => sum([own.cash, own.held.times(price), own.bnb.times(BNB_PRICE)]);
  const next = (): number => {
    events += 1;
    return events;
  };

  const pricesAt = (takenAt: number): Prices => {
    const quoted = (symbol: string, mid: Decimal): Price => {
      const level = (away: number): OrderBook['bids'][number] => [text(mid.plus(away)), tagged('1')];
      return { symbol, status: 'TRADING', book: { bids: [level(-1)], asks: [level(1)] } };
    };
    return { takenAt, symbols: [quoted(SYMBOL, price), quoted(BNB, BNB_PRICE)] };
  };

  const account = {
    journal,
    own,
    pass: (ms: number) => void (now += ms),
    /** To so long before, or after, the next midnight. */
    midnight: (ms: number) => void (now = (Math.floor(now / DAY) + 1) * DAY + ms),
    moves: (share: number) => void (price = price.times(1 + share).toDecimalPlaces(2)),
    async pays(asset: Asset, wanted: number): Promise<void> {
      const [free, each, symbol] = (
        {
          USDT: [own.cash, decimal(1), undefined],
          BTC: [own.held, price, SYMBOL],
          BNB: [own.bnb, BNB_PRICE, BNB],
        } as const
      )[asset];
      const amount = free.plus(wanted).isNegative() ? decimal(-wanted) : decimal(wanted);
      const value = amount.times(each);
      await journal.ledger.transfer({
        reference: `flow/${next()}`,
        account: 'main',
        asset,
        amount: text(amount),
        value: text(value),
        ...(symbol === undefined ? {} : { symbol }),
        at: now,
      });
      own[asset === 'USDT' ? 'cash' : asset === 'BTC' ? 'held' : 'bnb'] = free.plus(amount);
      own.paid = own.paid.plus(value);
    },
    async trades(side: 'buy' | 'sell', feeIn: Asset): Promise<void> {
      const { epoch, tradingState } = await journal.control.read('main');
      if (side === 'buy' ? tradingState === 'halted' || own.cash.lessThan(1_000) : own.held.isZero()) return;
      const quantity = side === 'buy' ? decimal('0.01') : own.held;
      const canPay = { USDT: true, BTC: side === 'buy', BNB: own.bnb.greaterThanOrEqualTo('0.001') }[feeIn];
      const feeAsset = canPay ? feeIn : 'USDT';
      const fee = decimal({ USDT: '0.6', BTC: '0.00001', BNB: '0.001' }[feeAsset]);
      const purpose = side === 'buy' ? 'open' : 'flatten';
      const id = `sph${next()}`;
      const order = leg({
        legId: id,
        cycleId: `order/${id}`,
        side,
        purpose,
        quantity: text(quantity),
        limitPrice: text(price),
        epoch,
      });
      const match = fill({
        tradeId: id,
        intentId: intentIdOf(order.legId, 1),
        side,
        quantity: text(quantity),
        price: text(price),
        fee: text(fee),
        feeAsset,
        filledAt: now,
      });
      await planLegs(journal, order);
      await journal.intents.openFence(order, terms(order), sending(now));
      const { intentId, quantity: filledQuantity } = match;
      await journal.intents.report({ intentId, state: 'filled', filledQuantity, fills: [match] });
      const value = quantity.times(price);
      own.cash = side === 'buy' ? own.cash.minus(value) : own.cash.plus(value);
      own.held = side === 'buy' ? own.held.plus(quantity) : ZERO;
      if (feeAsset === 'USDT') own.cash = own.cash.minus(fee);
      else if (feeAsset === 'BTC') own.held = own.held.minus(fee);
      else own.bnb = own.bnb.minus(fee);
      own.fees = own.fees.plus(fee.times({ USDT: decimal(1), BTC: price, BNB: BNB_PRICE }[feeAsset]));
    },
    async halts(): Promise<void> {
      const { epoch, tradingState } = await journal.control.read('main');
      if (tradingState === 'halted') {
        await journal.control.resume({ account: 'main', expectedEpoch: epoch, reason: 'looked', by: 'ann' });
      } else {
        const requestId = `halt/${next()}`;
        await journal.control.raiseHalt({ requestId, account: 'main', reason: 'x', by: 'ann', via: via.token('ann') });
      }
    },
    /** A cycle, whose prices are so old; one that trading is halted for marks as well. */
    async cycle(ageMs: number): Promise<void> {
      const { epoch } = await journal.control.read('main');
      const takenAt = now - ageMs;
      const prices = pricesAt(takenAt);
      const draft = newDraft({ account: 'main', mode: 'paper', epoch }, tagged(`cycle/${next()}`), 'run', takenAt);
      const before = await journal.ledger.equityMarks('main');
      await recordOfCycle(
        { journal, configuration: { currency: 'USDT' }, logger },
        { ...draft, prices: { takenAt, mids: midsOf(prices) }, finishedAt: now },
        prices,
      );
      const isLate = before !== undefined && before.at > takenAt;
      if (!isLate) own.results.set(Math.floor(takenAt / DAY), worth().minus(own.paid));
    },
    /** A look of reconciliation, which is all that marks once a halt has paused the cycles. */
    async look(): Promise<void> {
      const { symbols } = pricesAt(now);
      const before = await journal.ledger.equityMarks('main');
      await markWhileHalted(
        {
          journal,
          prices: {
            exchangeTime: async () => now,
            statuses: async () => new Map(symbols.map(({ symbol, status }) => [symbol, status])),
            book: async (symbol) => symbols.find((one) => one.symbol === symbol)?.book ?? NO_BOOK,
          },
          configuration: { symbols: [SYMBOL], currency: 'USDT', cycle },
          clock: { now: () => now },
          logger,
        },
        'main',
      );
      const marks = await journal.ledger.equityMarks('main');
      if (marks && marks.at !== before?.at) own.results.set(Math.floor(marks.at / DAY), worth().minus(own.paid));
    },
    /** Of each range. */
    days: (...ranges: Range[]): Promise<Row[][]> =>
      readWarehouse(warehouse, feeds, async ({ query }) => {
        const done: Row[][] = [];
        for (const range of ranges) done.push((await runReport(profitByDay, range, duckDbDialect, query)).rows);
        return done;
      }),
    async close(): Promise<void> {
      await market.close();
      await journal.close();
    },
  };
  return account;
}

type Account = Awaited<ReturnType<typeof startAccount>>;

const total = (rows: readonly Row[], column: string): string =>
  text(sum(rows.map((row) => decimal(String(row[column])))));

describe('the days of an account', () => {
  /** The account after the steps, which it is left with. */
  async function lived(steps: (account: Account) => Promise<void>): Promise<Row[]> {
    const account = await startAccount();
    await account.pays('USDT', 10_000);
    await steps(account);
    const [rows = []] = await account.days(ALL);
    await account.close();
    return rows;
  }

  it('show a deposit after the last mark of a day as neither gain nor loss', async () => {
    const rows = await lived(async (account) => {
      account.midnight(-30 * SECOND);
      await account.cycle(0);
      account.pass(20 * SECOND);
      await account.pays('USDT', 1_000);
      account.midnight(20 * SECOND);
      await account.cycle(0);
    });
    expect(rows).toMatchObject([
      { equity: '11000', pnl: '0', flows: '11000' },
      { equity: '11000', pnl: '0', flows: '0' },
    ]);
  });

  it('show one that the books have before a mark whose prices are older', async () => {
    const rows = await lived(async (account) => {
      account.midnight(-30 * SECOND);
      await account.cycle(0);
      account.midnight(SECOND);
      await account.pays('USDT', 1_000);
      await account.cycle(2 * SECOND);
      account.pass(60 * SECOND);
      await account.cycle(0);
    });
    expect(rows).toMatchObject([
      { equity: '10000', pnl: '0', flows: '10000' },
      { equity: '11000', pnl: '0', flows: '1000' },
    ]);
  });

  it('show what a stop sold on the day that it was sold, marked or not', async () => {
    const rows = await lived(async (account) => {
      await account.trades('buy', 'USDT');
      await account.cycle(0);
      account.pass(DAY);
      account.moves(-0.5);
      await account.halts();
      await account.trades('sell', 'USDT');
      account.pass(DAY);
      await account.cycle(0);
    });
    expect(rows).toMatchObject([
      { equity: '9999.4', pnl: '-0.6', realized: '0', fees: '0.6' },
      { equity: '9999.4', pnl: '0', realized: '-301.2', fees: '0.6', fills: 1 },
      { equity: '9698.8', pnl: '-300.6', realized: '0', fees: '0', fills: 0 },
    ]);
  });

  it('show what coins realised that were withdrawn on the day that they left', async () => {
    const rows = await lived(async (account) => {
      await account.trades('buy', 'USDT');
      await account.cycle(0);
      account.pass(DAY);
      account.moves(0.5);
      await account.pays('BTC', -0.01);
      await account.cycle(0);
    });
    expect(rows).toMatchObject([
      { equity: '9999.4', pnl: '-0.6', realized: '0', flows: '10000' },
      { equity: '9399.4', pnl: '300', realized: '299.4', flows: '-900' },
    ]);
  });

  it('are told of halted cycles as of others', async () => {
    const rows = await lived(async (account) => {
      await account.trades('buy', 'USDT');
      await account.cycle(0);
      account.pass(DAY);
      account.moves(-0.5);
      await account.halts();
      await account.trades('sell', 'USDT');
      await account.cycle(0);
    });
    expect(rows.at(-1)).toMatchObject({ equity: '9698.8', pnl: '-300.6', realized: '-301.2', fees: '0.6' });
  });

  it('are told of an account that stays halted over midnight, whose cycles are paused', async () => {
    const rows = await lived(async (account) => {
      await account.trades('buy', 'USDT');
      await account.cycle(0);
      await account.halts();
      account.midnight(-2 * SECOND);
      account.moves(-0.5);
      await account.trades('sell', 'USDT');
      await account.look();
      account.midnight(SECOND);
      await account.look();
      account.pass(cycle.intervalSeconds * SECOND);
      await account.look();
    });
    expect(rows).toMatchObject([
      { equity: '9698.8', pnl: '-301.2', realized: '-301.2', fills: 2 },
      { equity: '9698.8', pnl: '0', realized: '0', fills: 0 },
    ]);
  });

  const step = fc.oneof(
    fc.record({ does: fc.constant('pass' as const), ms: fc.integer({ min: SECOND, max: 3 * DAY }) }),
    fc.record({ does: fc.constant('midnight' as const), ms: fc.integer({ min: -3 * SECOND, max: 3 * SECOND }) }),
    fc.record({ does: fc.constant('moves' as const), share: fc.constantFrom(-0.2, -0.013, 0.007, 0.25) }),
    fc.record({
      does: fc.constant('pays' as const),
      asset: fc.constantFrom<Asset>('USDT', 'BTC', 'BNB'),
      cents: fc.integer({ min: -200_000, max: 200_000 }).filter((cents) => cents !== 0),
    }),
    fc.record({
      does: fc.constant('trades' as const),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      fee: fc.constantFrom<Asset>('USDT', 'BTC', 'BNB'),
    }),
    fc.record({ does: fc.constant('halts' as const) }),
    fc.record({ does: fc.constant('look' as const) }),
    fc.record({ does: fc.constant('cycle' as const), ageMs: fc.integer({ min: 0, max: 5 * SECOND }) }),
  );

  async function take(account: Account, one: typeof step extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
    if (one.does === 'pass') account.pass(one.ms);
    else if (one.does === 'midnight') account.midnight(one.ms);
    else if (one.does === 'moves') account.moves(one.share);
    else if (one.does === 'pays') {
      // With prices of two places no worth has more than eight.
      const unit = { USDT: 1e2, BTC: 1e6, BNB: 1e5 }[one.asset];
      await account.pays(one.asset, one.cents / unit);
    } else if (one.does === 'trades') await account.trades(one.side, one.fee);
    else if (one.does === 'halts') await account.halts();
    else if (one.does === 'look') await account.look();
    else await account.cycle(one.ageMs);
    account.pass(1);
  }

  it('add up to what became of it, exactly, whatever happened and whenever', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 25 }),
        fc.integer({ min: 1, max: 20 }),
        async (steps, cut) => {
          const account = await startAccount();
          try {
            await account.pays('USDT', 10_000);
            for (const one of steps) await take(account, one);
            const { own, journal } = account;
            const between = FIRST + cut * DAY;
            const [rows = [], ...parts] = await account.days(ALL, { ...ALL, to: between }, { ...ALL, from: between });

            // Against the books.
            const marks = await journal.ledger.equityMarks('main');
            const standing = marks?.equity ?? text(own.paid);
            expect(rows.at(-1)?.['equity']).toBe(text(decimal(standing).toDecimalPlaces(8)));
            expect(text(decimal(total(rows, 'pnl')).plus(total(rows, 'flows')))).toBe(rows.at(-1)?.['equity']);
            expect(total(rows, 'flows')).toBe(text(own.paid));
            // Coins that were withdrawn are realised as if they were sold.
            const realized = sum((await journal.ledger.positions('main')).map((one) => decimal(one.realizedPnl)));
            // An average has no last place, and a report has eight.
            expect(Number(total(rows, 'realized'))).toBeCloseTo(realized.toNumber(), 6);
            expect(Number(total(rows, 'fees'))).toBeCloseTo(own.fees.toNumber(), 6);
            expect(total(rows, 'unknown_fees')).toBe('0');

            // Against the account as it was kept by hand, day by day.
            let result = ZERO;
            for (const row of rows) {
              const marked = own.results.get(Number(row['day']));
              expect({ day: row['day'], pnl: row['pnl'] }).toEqual({
                day: row['day'],
                pnl: text((marked ?? result).minus(result).toDecimalPlaces(8)),
              });
              result = marked ?? result;
            }
            expect([...own.results.keys()].every((day) => rows.some((row) => row['day'] === day))).toBe(true);

            // A range begins with what the one before it ended with.
            expect(parts.flat()).toEqual(rows);
          } finally {
            await account.close();
          }
        },
      ),
      { numRuns: 10 },
    );
  }, 300_000);
});
