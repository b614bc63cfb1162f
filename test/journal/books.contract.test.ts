import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { via } from '../../contracts/audit.ts';
import { riskSchema } from '../../contracts/config/schema.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Working } from '../../domain/orders/orders.ts';
import type { OrderPlan, Restriction } from '../../domain/portfolio/portfolio.ts';
import type { PlanningView } from '../../stores/journal/books/cycles.ts';
import { fill, fund, leg, planLegs, sending, terms, trade } from '../support/books.ts';
import { type Plain } from '../support/plain.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const limits = riskSchema.parse({ maxOrderNotional: '5000', maxOrdersPerMinute: 5 });

describe.each(adapterNames)('the books on %s', (name) => {
  const books = new FreshBooks(name, limits);

  describe('the halt', () => {
    it('raises the epoch once for a request', async () => {
      const request = { requestId: 'r1', account: 'main', reason: 'test', by: 'me' };
      const all = await Promise.all(Array.from({ length: 20 }, () => books.journal.control.raiseHalt(request)));
      expect(new Set(all.map(({ epoch }) => epoch))).toEqual(new Set([1]));
      expect((await books.journal.control.raiseHalt({ ...request, requestId: 'r2' })).epoch).toBe(2);
    });

    it('wins over a resume that read an older epoch', async () => {
      await books.journal.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'a', by: 'me' });
      await books.journal.control.raiseHalt({ requestId: 'r2', account: 'main', reason: 'b', by: 'me' });
      expect(
        await books.journal.control.resume({ account: 'main', expectedEpoch: 1, reason: 'x', by: 'me' }),
      ).toBeUndefined();
      expect(await books.journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 2, reason: 'b' });
      expect(
        await books.journal.control.resume({ account: 'main', expectedEpoch: 2, reason: 'x', by: 'me' }),
      ).toMatchObject({
        tradingState: 'active',
        epoch: 3,
      });
    });
  });

  it('is ended by software only where the part that it names has raised it', async () => {
    const { control } = books.journal;
    const resume = { account: 'main', reason: 'x', by: 'health', onlyOver: 'reconcile' };
    const ours = { account: 'main', reason: 'a', by: 'reconcile', via: via.system('reconcile') };
    await control.raiseHalt({ ...ours, requestId: 'r1' });
    await control.raiseHalt({ requestId: 'r2', account: 'main', reason: 'b', by: 'ann' });
    expect(await control.resume({ ...resume, expectedEpoch: 2 })).toBeUndefined();
    // Whoever only bears the name.
    await control.raiseHalt({ ...ours, requestId: 'r3', via: via.temporal('stranger') });
    expect(await control.resume({ ...resume, expectedEpoch: 3 })).toBeUndefined();
    // What is halted already stays a person's.
    expect(await control.raiseHalt({ ...ours, requestId: 'r4', unlessHalted: true })).toMatchObject({ epoch: 3 });
    await control.resume({ account: 'main', expectedEpoch: 3, reason: 'x', by: 'ann' });
    await control.raiseHalt({ ...ours, requestId: 'r5', unlessHalted: true });
    expect(await control.resume({ ...resume, expectedEpoch: 4 })).toBeUndefined();
    expect(await control.resume({ ...resume, expectedEpoch: 5 })).toMatchObject({ tradingState: 'active', epoch: 6 });
  });

  it('takes stops by the hundred, each once and under an epoch of its own, with texts of any kind', async () => {
    const { control } = books.journal;
    const stop = (n: number) => ({ requestId: `r${n % 90}`, reason: 'ä\u0000'.repeat(n * 10), by: '\ud800'.repeat(n) });
    const all = Array.from({ length: 100 }, (_, n) => stop(n));
    expect(await control.raiseHalts('main', all)).toMatchObject({
      tradingState: 'halted',
      epoch: 90,
      changedBy: 'unknown',
    });
    expect(Buffer.byteLength((await control.read('main')).reason)).toBeLessThanOrEqual(400);
    expect(await control.raiseHalts('main', all)).toMatchObject({ epoch: 90 });
    expect(await control.raiseHalts('main', [])).toMatchObject({ epoch: 90 });
    await control.raiseHalt({ requestId: '', account: 'main', reason: '', by: '' });
    const last = await control.raiseHalt({ requestId: '', account: 'main', reason: { a: 1 } as never, by: 7 as never });
    expect(last).toMatchObject({ epoch: 92, reason: '{"a":1}', changedBy: '7' });
  });

  it('halts for each stop that is sent while trading is active, whatever its id was used for before', async () => {
    const { control } = books.journal;
    const sent = (requestId: string, reason: string) => control.raiseHalts('main', [{ requestId, reason, by: 'ann' }]);
    const resume = async (): Promise<void> => {
      const { epoch } = await control.read('main');
      const resumed = await control.resume({ account: 'main', expectedEpoch: epoch, reason: 'x', by: 'ann' });
      expect(resumed).toMatchObject({ tradingState: 'active', epoch: epoch + 1 });
    };
    for (const id of ['ann-1', 'risk/cycle/main/1']) {
      for (const round of [1, 2, 3]) {
        expect(await sent(id, `${id} ${round}`)).toMatchObject({ tradingState: 'halted', reason: `${id} ${round}` });
        const { epoch } = await sent(id, 'again');
        expect(await control.read('main')).toMatchObject({ epoch, reason: `${id} ${round}` });
        await resume();
      }
    }
    // The halt whose id a stranger has used is raised all the same, and the signal that follows it is no other one.
    const { epoch } = await control.raiseHalt({
      requestId: 'risk/cycle/main/1',
      account: 'main',
      reason: 'loss',
      by: 'risk',
    });
    expect(await control.read('main')).toMatchObject({ tradingState: 'halted', reason: 'loss' });
    expect(await sent('risk/cycle/main/1', 'loss')).toMatchObject({ epoch });
  });

  it('notes a selling that no stop has ordered, once a time that trading was active', async () => {
    const { control, audit } = books.journal;
    const note = (epoch: number) => control.noteSelling({ account: 'main', epoch, via: 'temporal:9@host' });
    const noted = async () =>
      (await audit.after(0, 100)).filter(({ kind }) => kind === 'flatten.ordered').map(({ via, by }) => `${by} ${via}`);
    await note(0);
    await note(0);
    expect(await noted()).toEqual(['unknown temporal:9@host']);
    const { epoch } = await control.raiseHalt({
      requestId: 'r1',
      account: 'main',
      reason: 'x',
      by: 'ann',
      flatten: true,
    });
    await note(epoch);
    expect((await noted()).slice(1)).toEqual(['ann ']);
    await control.resume({ account: 'main', expectedEpoch: epoch, reason: 'y', by: 'ann' });
    await control.noteSelling({ account: 'other', epoch, via: 'temporal:8@host' });
    await note(epoch + 1);
    expect((await noted()).slice(2)).toEqual(['unknown temporal:8@host', 'unknown temporal:9@host']);
    expect((await audit.verify()).fault).toBeUndefined();
  });

  it('allows starts by hand for the time that a person has signed, and no other', async () => {
    const { control, audit } = books.journal;
    expect(await control.startsAllowedAt('main', 150)).toBe(false);
    const request = { requestId: 'r1', account: 'main', from: 100, until: 200, reason: 'a look', by: 'ann' };
    await control.allowStarts(request);
    await control.allowStarts({ ...request, until: 900 });
    const allowed = await Promise.all([99, 100, 200, 201].map((at) => control.startsAllowedAt('main', at)));
    expect(allowed).toEqual([false, true, true, false]);
    expect(await control.startsAllowedAt('other', 150)).toBe(false);
    expect((await audit.after(0, 10)).at(-1)).toMatchObject({ kind: 'starts.allowed', by: 'ann', reason: 'a look' });
    expect((await audit.verify()).fault).toBeUndefined();
  });

  it('reads trades for one holder at a time, and never back', async () => {
    const { exchange } = books.journal;
    expect(await exchange.acquireLease('main', 'one', 60_000)).toBe(true);
    expect(await exchange.acquireLease('main', 'two', 60_000)).toBe(false);
    const batch = { account: 'main', symbol: 'BTC/USDT', fills: [] };
    const read = (holder: string, from: string | undefined, next: string) =>
      books.journal.exchange.bookTrades({ ...batch, holder, from, next });
    expect(await books.journal.exchange.cursor('main', 'BTC/USDT')).toBeUndefined();
    expect(await read('two', undefined, 'time 5')).toBe(false);
    expect(await read('one', undefined, 'time 9')).toBe(true);
    expect(await read('one', 'time 9', 'time 10')).toBe(true);
    // Readings that began before that: whatever they say comes next, those after it are read again and none is passed over.
    expect(await read('one', 'time 9', 'time 11')).toBe(true);
    expect(await read('one', undefined, 'time 12')).toBe(true);
    expect(await books.journal.exchange.cursor('main', 'BTC/USDT')).toBe('time 10');
    // By the clock of the database, where that has one.
    await exchange.acquireLease('main', 'one', 50);
    books.now += 51;
    await sleep(60);
    expect(await read('one', 'time 10', 'time 11')).toBe(false);
    expect(await books.journal.exchange.acquireLease('main', 'two', 1_000)).toBe(true);
  });

  it('counts how often each difference was seen in a row, whatever both sides have become', async () => {
    const look = async (...found: [what: string, words: string][]): Promise<unknown> => {
      const differences = found.map(([what, words]) => ({ what, words }));
      const looks = await books.journal.exchange.recordReconciliation({
        account: 'main',
        at: books.now++,
        differences,
      });
      const last = await books.journal.exchange.lastReconciliation('main');
      expect(last?.differences).toEqual(found.map(([, words]) => words));
      return [looks, last?.stable];
    };
    expect(await look(['BTC 0.5', 'booked 1'])).toEqual([[1], 1]);
    expect(await look(['BTC 0.5', 'booked 2'])).toEqual([[2], 2]);
    expect(await look(['ETH 1', 'booked 1'], ['BTC 0.5', 'booked 3'])).toEqual([[1, 3], 3]);
    expect(await look(['BTC -0.5', 'booked 4'])).toEqual([[1], 1]);
    expect(await look()).toEqual([[], 0]);
    expect(await look(['BTC -0.5', 'booked 5'])).toEqual([[1], 1]);
    const events = (await books.journal.outbox.after(0, 100)).filter(({ kind }) => kind.startsWith('books.'));
    expect(events.map(({ kind }) => kind)).toEqual([
      'books.differed',
      'books.differed',
      'books.differed',
      'books.agreed',
      'books.differed',
    ]);
  });

  it('keeps a limit that a person changed until the configuration is changed', async () => {
    const request = { requestId: 'c1', account: 'main', by: 'ann', reason: 'careful' };
    const { before, after } = await books.journal.risk.change({ ...request, settings: { maxOrderNotional: '100' } });
    expect([before?.maxOrderNotional, after.maxOrderNotional]).toEqual(['5000', '100']);
    expect((await books.journal.risk.change({ ...request, settings: { maxOrderNotional: '100' } })).after).toEqual(
      after,
    );
    await expect(books.journal.risk.change({ ...request, settings: { maxOrderNotional: '7' } })).rejects.toThrow(
      'The request c1 was another change',
    );
    await books.journal.risk.adopt('main', limits);
    expect((await books.journal.risk.read('main')).settings.maxOrderNotional).toBe('100');
    await books.journal.risk.adopt('main', { ...limits, maxOrderNotional: '300' });
    expect((await books.journal.risk.read('main')).settings.maxOrderNotional).toBe('300');
    await expect(books.journal.risk.read('nobody')).rejects.toThrow(/No risk limits/);
  });

  it('changes participation once for a request, with before and after', async () => {
    await books.journal.participation.seed(perAgent(defaultParticipation));
    const request = { requestId: 'p1', agentId: 'qwen', settings: { enabled: false }, by: 'me', reason: 'test' };
    const change = await books.journal.participation.change(request);
    expect(change).toMatchObject({
      version: 1,
      before: defaultParticipation('qwen'),
      after: { ...defaultParticipation('qwen'), enabled: false },
    });
    expect(await books.journal.participation.change(request)).toEqual(change);
    expect((await books.journal.participation.read()).agents['qwen']).toEqual(change.after);
  });

  it('writes each fact to the outbox in the transaction that made it true', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    await books.journal.intents.report({
      intentId: fill().intentId,
      state: 'filled',
      filledQuantity: '0.01',
      fills: [fill()],
    });
    const events = await books.journal.outbox.after(0, 100);
    expect(events.map(({ kind }) => kind)).toEqual([
      'risk.changed',
      'risk.changed',
      'capital.deposited',
      'plan.made',
      'order.submitted',
      'fill.booked',
      'order.filled',
    ]);
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  describe('a plan', () => {
    const empty = (cycleId: string): OrderPlan => ({
      cycleId: tagged(cycleId),
      equity: tagged('10000'),
      legs: [],
      verdicts: [],
      allocations: [],
    });
    const restriction = (to: Restriction['to']): Restriction => ({
      to,
      code: 'DailyLoss',
      limit: '0.05',
      value: '0.06',
    });
    const look = async (cycleId: string): Promise<PlanningView> => {
      let seen: PlanningView | undefined;
      await books.journal.cycles.plan(cycleId, 'main', books.now, (view) => {
        seen = view;
        return empty(cycleId);
      });
      if (!seen) throw new Error('the plan was not decided');
      return seen;
    };
    const kinds = async (): Promise<string[]> => (await books.journal.outbox.after(0, 100)).map(({ kind }) => kind);

    it('halts trading where a loss limit wants it, once', async () => {
      const halting = () => ({ ...empty('c1'), restriction: restriction('halted') });
      await books.journal.cycles.plan('c1', 'main', books.now, halting);
      await books.journal.cycles.plan('c1', 'main', books.now, halting);
      expect(await books.journal.control.read('main')).toMatchObject({
        tradingState: 'halted',
        epoch: 1,
        changedBy: 'risk',
        reason: 'DailyLoss: limit 0.05, value 0.06',
      });
      expect((await kinds()).filter((kind) => kind === 'trading.halted')).toHaveLength(1);
    });

    it('cannot halt trading and send orders', async () => {
      await fund(books.journal);
      const plan = { ...empty('c1'), legs: [leg()], restriction: restriction('halted') };
      await expect(books.journal.cycles.plan('c1', 'main', books.now, () => plan)).rejects.toThrow(
        'halts trading and has 1 legs',
      );
      expect(await books.journal.control.read('main')).toMatchObject({ tradingState: 'active', epoch: 0 });
      expect(await books.balance('USDT')).toMatchObject({ free: '10000' });
    });

    it('restricts trading to reducing orders and lifts that again, but never a halt', async () => {
      const plan = (cycleId: string, to: Restriction['to']) =>
        books.journal.cycles.plan(cycleId, 'main', books.now, () => ({
          ...empty(cycleId),
          restriction: restriction(to),
        }));
      await plan('c1', 'reducing');
      expect(await books.journal.control.read('main')).toMatchObject({ tradingState: 'reducing', epoch: 0 });
      await fund(books.journal);
      await planLegs(books.journal, leg());
      expect(await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now))).toMatchObject({
        code: 'TradingReducing',
      });
      await plan('c2', 'active');
      await books.journal.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'test', by: 'me' });
      await plan('c3', 'reducing');
      await plan('c4', 'active');
      expect(await books.journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1 });
      const changes = (await kinds()).filter((kind) => kind.startsWith('trading.'));
      expect(changes).toEqual(['trading.reducing', 'trading.activated', 'trading.halted']);
    });

    it('tells each limit that bit and each share of capital as a fact of its own', async () => {
      const code = 'GrossExposure' as const;
      const verdict = { code, symbol: 'BTC/USDT', limit: '0.8', value: '0.9', before: '1000', after: '0' };
      const allocation = {
        portfolio: 'main',
        kind: 'symbol' as const,
        symbol: 'BTC/USDT',
        wanted: 0.5,
        share: 0.3,
        amount: '3000',
        boundBy: ['SymbolExposure' as const],
      };
      const plan = { ...empty('c1'), verdicts: [verdict, verdict], allocations: [allocation] };
      await books.journal.cycles.plan('c1', 'main', books.now, () => plan);
      expect((await kinds()).slice(-4)).toEqual(['plan.made', 'risk.limit_bit', 'risk.limit_bit', 'capital.allocated']);
    });

    it('sees the last sales, each once however many fills it came in', async () => {
      await fund(books.journal);
      await trade(books.journal, leg({ quantity: '0.02', limitPrice: '50000' }));
      const sell = leg({ legId: 'sph2', cycleId: 'c2', side: 'sell', purpose: 'flatten', limitPrice: '40000' });
      await planLegs(books.journal, sell);
      await books.journal.intents.openFence(sell, terms(sell), sending(books.now));
      const part = (tradeId: string, filledAt: number) =>
        fill({ intentId: 'sph2-1', tradeId, side: 'sell', quantity: '0.005', price: '40000', fee: '0', filledAt });
      const fills = [part('s1', 10), part('s2', 20)];
      await books.journal.intents.report({ intentId: 'sph2-1', state: 'filled', filledQuantity: '0.01', fills });
      const second = leg({ legId: 'sph3', cycleId: 'c3', side: 'sell', purpose: 'flatten', limitPrice: '60000' });
      await trade(books.journal, second, { filledAt: 30 });
      expect((await look('c4')).closedTrades).toEqual([
        { symbol: 'BTC/USDT', realizedPnl: '100', closedAt: 30 },
        { symbol: 'BTC/USDT', realizedPnl: '-100', closedAt: 20 },
      ]);
    });

    it('of several legs is unsettled until its end is written', async () => {
      await fund(books.journal);
      await planLegs(books.journal, leg({ cycleId: 'one' }));
      const two = [leg({ cycleId: 'two', legId: 'sph2' }), leg({ cycleId: 'two', legId: 'sph3' })];
      const plan = await planLegs(books.journal, ...two);
      expect(await books.journal.cycles.unsettledPlans('main', books.now)).toEqual([]);
      expect(await books.journal.cycles.unsettledPlans('main', books.now + 1)).toEqual([plan]);
      const result = { cycleId: 'two', end: 'flat' as const, detail: 'test', orders: [] };
      await books.journal.cycles.settlePlan(result);
      await books.journal.cycles.settlePlan({ ...result, end: 'held' });
      expect(await books.journal.cycles.unsettledPlans('main', books.now + 1)).toEqual([]);
      expect((await kinds()).filter((kind) => kind === 'plan.flat' || kind === 'plan.held')).toEqual(['plan.flat']);
    });

    it('of legs that are not linked has its end when they have', async () => {
      await fund(books.journal);
      const legs = [leg({ cycleId: 'two', legId: 'sph2' }), leg({ cycleId: 'two', legId: 'sph3' })];
      await books.journal.cycles.plan('two', 'main', books.now, () => ({ ...empty('two'), kind: 'independent', legs }));
      expect(await books.journal.cycles.unsettledPlans('main', books.now + 1)).toEqual([]);
    });

    it('keeps the legs that wait for the linked ones before them, however long these take', async () => {
      await fund(books.journal);
      const legs = [leg({ cycleId: 'two', legId: 'sph2' }), leg({ cycleId: 'two', legId: 'sph3' })];
      await books.journal.cycles.plan('two', 'main', books.now, () => ({ ...empty('two'), kind: 'linked', legs }));
      books.now += 6 * 60_000;
      expect((await look('later')).openOrders.map(({ state }) => state)).toEqual(['initialized', 'initialized']);
      expect(await books.journal.intents.ofLeg('sph3')).toEqual([]);
      // Once its end is written nobody sends what it has not sent.
      await books.journal.cycles.settlePlan({ cycleId: 'two', end: 'held', detail: 'test', orders: [] });
      expect((await look('last')).openOrders).toEqual([]);
      expect(await books.journal.intents.ofLeg('sph3')).toMatchObject([{ state: 'void' }]);
    });

    it('gives up a leg that was not sent for five minutes where no other is linked to it', async () => {
      await fund(books.journal);
      const legs = [leg({ cycleId: 'two', legId: 'sph2' }), leg({ cycleId: 'two', legId: 'sph3' })];
      await books.journal.cycles.plan('two', 'main', books.now, () => ({ ...empty('two'), kind: 'independent', legs }));
      books.now += 6 * 60_000;
      expect((await look('later')).openOrders).toEqual([]);
    });

    it.each<[string, Plain<Working>, number]>([
      ['chase', { style: 'chase', submissions: 3 }, 0],
      ['TWAP', { style: 'twap', slices: ['0.005', '0.005'], intervalMs: 3_600_000 }, 3_600_000],
    ])('gives up a leg by %s whose next submission was due five minutes ago', async (_style, working, dueMs) => {
      await fund(books.journal);
      const order = leg({ timeInForce: 'GTC', working });
      await planLegs(books.journal, order);
      await books.journal.intents.openFence(order, { ...terms(order), quantity: '0.005' }, sending(books.now));
      // For as long as it rests it is no leg that waits.
      books.now += 10 * 60_000;
      await books.journal.intents.report({ intentId: `${order.legId}-1`, state: 'canceled', fills: [] });
      books.now += dueMs + 5 * 60_000 - 1;
      expect((await look('before')).openOrders).toMatchObject([{ legId: order.legId, state: 'initialized' }]);
      books.now += 1;
      expect((await look('after')).openOrders).toEqual([]);
      expect(await books.journal.intents.ofLeg(order.legId)).toMatchObject([{ state: 'canceled' }, { state: 'void' }]);
      expect(await books.balance('USDT')).toMatchObject({ free: '10000', reserved: '0' });
    });
  });
});
