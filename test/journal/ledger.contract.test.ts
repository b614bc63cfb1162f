import { describe, expect, it } from 'vitest';
import { via } from '../../contracts/audit.ts';
import { riskSchema } from '../../contracts/config/schema.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { type Decimal, decimal, text } from '../../domain/money/money.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { Row } from '../../stores/journal/sql/database.ts';
import { cycleRecord, fill, fund, leg, planLegs, sending, terms, trade } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const rules = { stepSize: '0.00001', minQuantity: '0.00001', minNotional: '5' };

const limits = riskSchema.parse({ maxOrderNotional: '5000', maxOrdersPerMinute: 5 });

describe.each(adapterNames)('the ledger on %s', (name) => {
  const books = new FreshBooks(name, limits);

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

    it('come back when a leg is given up, once', async () => {
      await fund(books.journal);
      await planLegs(books.journal, leg());
      await books.journal.cycles.releaseLeg(leg().legId);
      await books.journal.cycles.releaseLeg(leg().legId);
      expect(await books.balance('USDT')).toMatchObject({ free: '10000', reserved: '0', dust: '0' });
    });
  });

  it('marks equity with the day that it opened at and its high water', async () => {
    const day = 86_400_000;
    const marksAfter = async (equity: string, at: number) => {
      books.now = at;
      await books.journal.cycles.record(cycleRecord({ cycleId: `c${at}`, equity, finishedAt: at }));
      return books.journal.ledger.equityMarks('main');
    };
    await marksAfter('100', day + 1);
    await marksAfter('120', day + 2);
    expect(await marksAfter('90', day + 3)).toEqual({ equity: '90', dayOpen: '100', highWater: '120', at: day + 3 });
    expect(await marksAfter('95', 2 * day)).toMatchObject({ equity: '95', dayOpen: '95', highWater: '120' });
    await books.journal.cycles.record(cycleRecord({ cycleId: `c${2 * day}`, equity: '1', finishedAt: 2 * day }));
    expect(await books.journal.ledger.equityMarks('main')).toMatchObject({ equity: '95' });
  });

  it('counts day and peak from the last mark once a person has resumed', async () => {
    const mark = (equity: string, finishedAt: number): Promise<void> =>
      books.journal.cycles.record(cycleRecord({ cycleId: `cycle/${finishedAt}`, equity, finishedAt }));
    await mark('10000', 1_000);
    await mark('9000', 2_000);
    const { epoch } = await books.journal.control.raiseHalt({
      requestId: 'r1',
      account: 'main',
      reason: 'loss',
      by: 'risk',
      via: via.system('risk'),
    });
    await books.journal.control.resume({ account: 'main', expectedEpoch: epoch, reason: 'looked at it', by: 'me' });
    expect(await books.journal.ledger.equityMarks('main')).toMatchObject({
      equity: '9000',
      dayOpen: '9000',
      highWater: '9000',
    });
  });

  it.each([
    ['a stop of a person', 'ann', undefined],
    ['a difference that is over, by software', 'reconcile', 'reconcile'],
    ['a difference that is over, by a person', 'reconcile', undefined],
    ['a stop that bears the name of risk', 'risk', undefined],
  ])('leaves day and peak as they were after %s', async (_name, by, onlyOver) => {
    const { journal } = books;
    await journal.cycles.record(cycleRecord({ cycleId: 'cycle/1', equity: '10000', finishedAt: 1_000 }));
    await journal.cycles.record(cycleRecord({ cycleId: 'cycle/2', equity: '9510', finishedAt: 2_000 }));
    const door = by === 'reconcile' ? via.system(by) : via.temporal('ann');
    const { epoch } = await journal.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'x', by, via: door });
    const resumed = { account: 'main', expectedEpoch: epoch, reason: 'y', by: 'me', ...(onlyOver ? { onlyOver } : {}) };
    expect(await journal.control.resume(resumed)).toMatchObject({ tradingState: 'active' });
    expect(await journal.ledger.equityMarks('main')).toMatchObject({ dayOpen: '10000', highWater: '10000' });
    const [told] = (await journal.outbox.after(0, 100)).filter(({ kind }) => kind === 'trading.resumed');
    expect(told?.payload).toMatchObject({ marksReset: false });
  });

  it('takes deposits for neither gain nor loss, and refuses to withdraw what is not free', async () => {
    await fund(books.journal);
    await books.journal.cycles.record(cycleRecord({ cycleId: 'cycle/a', equity: '10000', finishedAt: 1_000 }));
    const move = (reference: string, amount: string): Promise<void> =>
      books.journal.ledger.transfer({ reference, account: 'main', asset: 'USDT', amount, value: amount, at: 2_000 });
    await move('in', '500');
    await move('in', '500');
    await move('out', '-1500');
    expect(await books.balance('USDT')).toMatchObject({ free: '9000' });
    expect(await books.journal.ledger.deposits('main')).toEqual({ USDT: '9000' });
    expect(await books.journal.ledger.equityMarks('main')).toMatchObject({ dayOpen: '9000', highWater: '9000' });
    await expect(move('too much', '-9000.01')).rejects.toThrow(/9000 are free/);
  });

  it('takes a deposit of another asset into its position at its worth, and a withdrawal out of it at its cost', async () => {
    const move = (reference: string, amount: string, value: string) =>
      books.journal.ledger.transfer({
        reference,
        account: 'main',
        asset: 'BTC',
        symbol: 'BTC/USDT',
        amount,
        value,
        at: 7,
      });
    const position = async () => (await books.journal.ledger.positions('main'))[0];
    await move('a', '0.2', '12000');
    await move('a', '0.2', '12000');
    expect(await position()).toMatchObject({ quantity: '0.2', averageCost: '60000', openedAt: 7, realizedPnl: '0' });
    await move('b', '0.1', '9000');
    expect(await position()).toMatchObject({ quantity: '0.3', averageCost: '70000', openedAt: 7 });
    await move('c', '-0.1', '-8000');
    expect(await position()).toMatchObject({ quantity: '0.2', averageCost: '70000', realizedPnl: '0' });
    await expect(move('d', '-0.3', '-24000')).rejects.toThrow('0.2 are free');
    await move('e', '-0.2', '-16000');
    expect(await position()).toMatchObject({ quantity: '0', averageCost: '0', openedAt: 0, realizedPnl: '0' });
    expect(await books.journal.ledger.deposits('main')).toMatchObject({ BTC: '0' });
  });

  describe('a holding', () => {
    const order = (n: number, changes: Partial<OrderLeg>): OrderLeg =>
      leg({ legId: `sph-${n}`, cycleId: `cycle/${n}`, correlationId: `cycle/${n}`, ...changes });
    const position = async () => (await books.journal.ledger.positions('main'))[0];
    /** Bought at `filledAt` 1,000, with the fee in the base asset, and sold again but for so much. */
    const leave = async (rest: string): Promise<void> => {
      await fund(books.journal);
      await trade(books.journal, order(1, { quantity: '0.01234' }), { filledAt: 1_000, fee: '0.00001234' });
      const quantity = text(decimal('0.01232766').minus(rest));
      const out = order(2, { side: 'sell', purpose: 'flatten', quantity, limitPrice: '60000' });
      await trade(books.journal, out, { filledAt: 300_000 });
      expect(await position()).toMatchObject({ quantity: rest, openedAt: 1_000 });
    };

    it('begins anew once what was left of it is less than the exchange takes, with all that is left and its cost', async () => {
      await leave('0.00000766');
      await trade(books.journal, order(3, { quantity: '0.01' }), { filledAt: 9_000_000, price: '59000', fee: '0' });
      // 0.00000766 at 60,060.06 and 0.01 at 59,000.
      expect(await position()).toMatchObject({ quantity: '0.01000766', openedAt: 9_000_000 });
      expect(decimal((await position())?.averageCost ?? '0').toFixed(4)).toBe('59000.8114');
      expect(await books.balance('BTC')).toEqual({ asset: 'BTC', free: '0.01000766', reserved: '0', dust: '0' });
    });

    it('goes on while what is left of it can be sold', async () => {
      // 5.1 USDT, and the exchange takes 5.
      await leave('0.000085');
      await trade(books.journal, order(3, { quantity: '0.01' }), { filledAt: 9_000_000 });
      expect(await position()).toMatchObject({ openedAt: 1_000 });
    });

    it('begins with the first fill of the order that enters it, however little that was', async () => {
      await leave('0.00000766');
      const entry = order(3, { quantity: '0.01' });
      await planLegs(books.journal, entry);
      await books.journal.intents.openFence(entry, terms(entry), sending(books.now));
      for (const [tradeId, quantity, filledAt] of [
        ['a', '0.00001', 9_000_000],
        ['b', '0.00999', 9_000_500],
      ] as const) {
        const fills = [fill({ intentId: 'sph-3-1', tradeId, quantity, filledAt, fee: '0' })];
        await books.journal.intents.report({ intentId: 'sph-3-1', state: 'partially_filled', fills });
      }
      expect(await position()).toMatchObject({ quantity: '0.01000766', openedAt: 9_000_000 });
    });
  });

  it('sets dust apart at its cost, and takes it back with the next buy', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    const dusty = fill({ quantity: '0.00005', fee: '0', price: '60000' });
    await books.journal.intents.report({
      intentId: dusty.intentId,
      state: 'expired',
      filledQuantity: '0.00005',
      fills: [dusty],
    });
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', price: '60000' };
    expect(await books.journal.ledger.sweepDust({ ...sweep, rules: { ...rules, minNotional: '2' } })).toBe('0');
    expect(await books.journal.ledger.sweepDust({ ...sweep, rules })).toBe('0.00005');
    expect(await books.journal.ledger.sweepDust({ ...sweep, rules })).toBe('0.00005');
    expect(await books.journal.ledger.sweepDust({ ...sweep, reference: 'd2', rules })).toBe('0');
    expect(await books.balance('BTC')).toEqual({ asset: 'BTC', free: '0', reserved: '0', dust: '0.00005' });
    expect((await books.journal.ledger.positions('main'))[0]).toMatchObject({
      quantity: '0',
      dust: '0.00005',
      realizedPnl: '0',
    });

    const next = leg({ legId: 'sph2', cycleId: 'c2' });
    await planLegs(books.journal, next);
    await books.journal.intents.openFence(next, terms(next), sending(books.now));
    const bought = fill({ intentId: 'sph2-1', tradeId: '2', quantity: '0.00995', fee: '0', price: '50000' });
    await books.journal.intents.report({
      intentId: 'sph2-1',
      state: 'expired',
      filledQuantity: '0.00995',
      fills: [bought],
    });
    expect((await books.journal.ledger.positions('main'))[0]).toMatchObject({
      quantity: '0.01',
      dust: '0',
      // (0.00005 · 60000 + 0.00995 · 50000) / 0.01
      averageCost: '50050',
    });
  });

  it.each([
    // 5.03 as a whole, and 4.76 in the whole steps that can be sold.
    ['0.00169', '2975', '0.00169'],
    ['0.00179', '2975', '0'],
    // That nobody bids says nothing of its worth.
    ['0.00169', '0', '0'],
  ])('of %s at a bid of %s sweeps %s: what no order can sell', async (quantity, price, swept) => {
    await fund(books.journal);
    await trade(books.journal, leg(), { quantity, price: '2975' });
    const steps = { ...rules, stepSize: '0.0001', minQuantity: '0.0001' };
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', rules: steps, price };
    expect(await books.journal.ledger.sweepDust(sweep)).toBe(swept);
  });

  it('sweeps two symbols under one reference, each once', async () => {
    await fund(books.journal);
    const entry = { reference: 'stop', account: 'main', rules, price: '60000' };
    for (const [n, symbol] of ['BTC/USDT', 'ETH/USDT'].entries()) {
      const order = leg({ legId: `sph${n}`, cycleId: `c${n}`, symbol });
      await trade(books.journal, order, { quantity: '0.00005', feeAsset: 'USDT' });
      expect(await books.journal.ledger.sweepDust({ ...entry, symbol })).toBe('0.00005');
    }
    const events = await books.journal.outbox.after(0, 100);
    expect(events.filter(({ kind }) => kind === 'dust.swept')).toHaveLength(2);
  });

  it('takes dust back for a sale that was heard of after it had been swept', async () => {
    await fund(books.journal);
    await trade(books.journal, leg(), { quantity: '0.00005' });
    const sell = leg({ legId: 'sph2', cycleId: 'c2', side: 'sell', purpose: 'flatten', quantity: '0.00005' });
    await planLegs(books.journal, sell);
    await books.journal.intents.openFence(sell, terms(sell), sending(books.now));
    await books.journal.intents.report({ intentId: 'sph2-1', state: 'canceled', filledQuantity: '0', fills: [] });
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', rules, price: '60000' };
    expect(await books.journal.ledger.sweepDust(sweep)).toBe('0.00005');
    const late = fill({
      intentId: 'sph2-1',
      tradeId: '2',
      side: 'sell',
      quantity: '0.00005',
      price: '70000',
      fee: '0',
    });
    await books.journal.intents.report({
      intentId: 'sph2-1',
      state: 'filled',
      filledQuantity: '0.00005',
      fills: [late],
    });
    expect((await books.journal.ledger.positions('main'))[0]).toMatchObject({
      quantity: '0',
      dust: '0',
      realizedPnl: '0.5',
    });
    expect(await books.balance('BTC')).toEqual({ asset: 'BTC', free: '0', reserved: '0', dust: '0' });
  });

  it('adds up to zero in every booking and over all books, whatever happens', async () => {
    await fund(books.journal);
    await trade(books.journal, leg(), { quantity: '0.004', fee: '0.3', feeAsset: 'USDT' });
    await trade(books.journal, leg({ legId: 'sph2', cycleId: 'c2' }), { fee: '0.00001', feeAsset: 'BTC' });
    await trade(books.journal, leg({ legId: 'sph3', cycleId: 'c3' }), { fee: '0.001', feeAsset: 'BNB' });
    const sell = leg({ legId: 'sph4', cycleId: 'c4', side: 'sell', purpose: 'flatten', quantity: '0.02396' });
    await trade(books.journal, sell, { fee: '1.4', feeAsset: 'USDT' });
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', rules, price: '60000' };
    expect(await books.journal.ledger.sweepDust(sweep)).toBe('0.00003');
    await trade(books.journal, leg({ legId: 'sph5', cycleId: 'c5' }));

    const database = await books.database();
    const rows = await database.rows('SELECT reference, book, asset, amount FROM ledger_entries');
    const totals = (key: (row: Row) => string): Record<string, string> => {
      const sums = new Map<string, Decimal>();
      for (const row of rows) sums.set(key(row), decimal(String(row['amount'])).plus(sums.get(key(row)) ?? 0));
      return Object.fromEntries([...sums].map(([name_, total]) => [name_, text(total)]));
    };
    expect(new Set(rows.map((row) => row['book']))).toEqual(
      new Set(['free', 'reserved', 'market', 'fees', 'deposits', 'dust']),
    );
    const bookings = totals((row) => `${row['reference']} ${row['asset']}`);
    expect(Object.entries(bookings).filter(([, total]) => total !== '0')).toEqual([]);
    expect(totals((row) => String(row['asset']))).toEqual({ BTC: '0', USDT: '0', BNB: '0' });
    // The balances are the entries' sums.
    const kept = await database.rows('SELECT book, asset, amount FROM ledger_balances');
    expect(Object.fromEntries(kept.map((row) => [`${row['book']} ${row['asset']}`, row['amount']]))).toEqual(
      totals((row) => `${row['book']} ${row['asset']}`),
    );
  });

  it('does not go back to an earlier day, or to a peak that a person has laid down, with a cycle that ended late', async () => {
    const mark = (cycleId: string, equity: string, finishedAt: number): Promise<void> =>
      books.journal.cycles.record(cycleRecord({ cycleId, equity, finishedAt }));
    const day = 86_400_000;
    books.now = day;
    await mark('a', '100', day);
    await mark('late', '200', day - 1);
    expect(await books.journal.ledger.equityMarks('main')).toEqual({
      equity: '100',
      dayOpen: '100',
      highWater: '100',
      at: day,
    });
  });

  describe('of a wrong clock', () => {
    const day = 86_400_000;
    const today = 20_000 * day + 10 * 3_600_000;
    const rising = ['10500', '11000', '11500', '12500'];
    const record = (cycleId: string, equity: string, changes: Partial<CycleRecord>): Promise<void> =>
      books.journal.cycles.record(cycleRecord({ cycleId, equity, ...changes }));
    const priced = (takenAt: number): Partial<CycleRecord> => ({
      prices: { takenAt, mids: {} },
      finishedAt: takenAt + 5_000,
    });
    const marks = () => books.journal.ledger.equityMarks('main');

    it('do not stay, once it is set right: the limits go on', async () => {
      books.now = today + 30 * day;
      await record('wrong', '10000', priced(books.now));
      for (const [n, equity] of rising.entries()) {
        books.now = today + n * 60_000;
        await record(equity, equity, priced(books.now - 5_000));
      }
      const at = today + 3 * 60_000 - 5_000;
      expect(await marks()).toEqual({ equity: '12500', dayOpen: '10000', highWater: '12500', at });
      books.now = today + day;
      await record('tomorrow', '12000', priced(books.now));
      expect(await marks()).toMatchObject({ equity: '12000', dayOpen: '12000', highWater: '12500' });
    });

    it('are dated by the prices, whatever the clock of the cycle or of the journal says', async () => {
      for (const offsetMs of [30 * day, -3_600_000]) {
        books.now = today + offsetMs;
        for (const [n, equity] of rising.entries()) {
          const takenAt = today + n * 60_000;
          await record(`${offsetMs}/${n}`, equity, { ...priced(takenAt), finishedAt: books.now });
          expect(await marks()).toMatchObject({ equity, at: takenAt });
        }
        await books.fresh();
      }
    });

    it('are of no date that is still to come, where their prices have none', async () => {
      books.now = today;
      await record('wrong', '10000', { finishedAt: today + 30 * day });
      for (const equity of rising) await record(equity, equity, { finishedAt: today });
      expect(await marks()).toEqual({ equity: '12500', dayOpen: '10000', highWater: '12500', at: today });
    });
  });

  it('begins the day of the loss limit at its reset hour', async () => {
    await books.journal.risk.change({
      requestId: 'r1',
      account: 'main',
      settings: { dayResetHour: 6 },
      by: 'me',
      reason: 'test',
    });
    const hour = 3_600_000;
    const opens: (string | undefined)[] = [];
    for (const at of [5, 7, 23, 29, 30]) {
      const equity = String(at);
      books.now = at * hour;
      await books.journal.cycles.record(cycleRecord({ cycleId: `c${at}`, equity, finishedAt: at * hour }));
      opens.push((await books.journal.ledger.equityMarks('main'))?.dayOpen);
    }
    expect(opens).toEqual(['5', '7', '7', '7', '30']);
  });
});
