import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { riskSchema } from '../../contracts/config/schema.ts';
import { decimal } from '../../domain/money.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { cycleRecord, fill, fund, leg, planLegs, terms } from '../support/books.ts';
import { adapters } from './adapters.ts';

const limits = riskSchema.parse({ maxOrderNotional: '5000', maxOrdersPerMinute: 5 });

describe.each(adapters)('the journal on %s', (_name, open) => {
  let journal: Journal;
  let now = 1_000_000;

  beforeEach(async () => {
    now = 1_000_000;
    journal = await open(() => now);
    await journal.risk.adopt('main', limits);
  });
  afterEach(() => journal.close());

  const balance = async (asset: string) =>
    (await journal.ledger.balances('main')).find((entry) => entry.asset === asset);

  describe('the fence', () => {
    it('lets an intent pass once', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      const first = await journal.intents.openFence(leg(), terms(leg()), now + 2_000);
      const second = await journal.intents.openFence(leg(), terms(leg()), now + 2_000);
      expect(first).toMatchObject({ passed: true, intent: { state: 'submitted', sendBy: now + 2_000 } });
      expect(second).toMatchObject({ passed: false, code: 'IntentExists', value: 'submitted' });
    });

    it('refuses an intent of an epoch before the stop, and after the resume too', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      const halted = await journal.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'test', by: 'me' });
      expect(await journal.intents.openFence(leg(), terms(leg()), now)).toMatchObject({
        passed: false,
        code: 'StaleEpoch',
        limit: '1',
        value: '0',
      });
      await journal.control.resume({ account: 'main', expectedEpoch: halted.epoch, reason: 'test', by: 'me' });
      const other = leg({ legId: 'sph2', cycleId: 'cycle/main/2' });
      await planLegs(journal, other);
      expect(await journal.intents.openFence(other, terms(other), now)).toMatchObject({
        passed: false,
        code: 'StaleEpoch',
      });
    });

    it('refuses opening while halted, under the current epoch too, and lets a covered reduction pass', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      await journal.intents.openFence(leg(), terms(leg()), now);
      await journal.intents.report({
        intentId: `${leg().legId}-1`,
        state: 'filled',
        filledQuantity: '0.01',
        fills: [fill()],
      });
      await journal.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'test', by: 'me' });

      const opening = leg({ legId: 'sph2', cycleId: 'c2', epoch: 1 });
      await planLegs(journal, opening);
      expect(await journal.intents.openFence(opening, terms(opening), now)).toMatchObject({
        passed: false,
        code: 'TradingHalted',
      });

      const reducing = leg({
        legId: 'sph3',
        cycleId: 'c3',
        epoch: 1,
        side: 'sell',
        purpose: 'flatten',
        quantity: '0.00999',
      });
      await planLegs(journal, reducing);
      expect(await journal.intents.openFence(reducing, terms(reducing), now)).toMatchObject({ passed: true });
    });

    it.each([
      ['OrderNotional', { quantity: '0.1' }, '5000', '6000'],
      ['NotReducing', { side: 'sell' as const, purpose: 'flatten' as const }, '0', '0.01'],
      ['NotReserved', { legId: 'sph-unplanned' }, '0', '600'],
    ])('refuses with %s and its numbers', async (code, changes, limit, value) => {
      await fund(journal);
      await fund(journal, '1', 'BTC');
      const wanted = leg(changes);
      if (code !== 'NotReserved') await planLegs(journal, wanted);
      expect(await journal.intents.openFence(wanted, terms(wanted), now)).toMatchObject({
        passed: false,
        code,
        limit,
        value,
        intent: { state: 'denied' },
      });
    });

    it('gives a denied leg its capital back', async () => {
      await fund(journal);
      await planLegs(journal, leg({ quantity: '0.1' }));
      expect(await balance('USDT')).toMatchObject({ free: '3988', reserved: '6012' });
      await journal.intents.openFence(leg({ quantity: '0.1' }), terms(leg({ quantity: '0.1' })), now);
      expect(await balance('USDT')).toMatchObject({ free: '10000', reserved: '0', dust: '0' });
    });

    it('counts orders of a minute', async () => {
      await fund(journal);
      const codes: string[] = [];
      for (let n = 0; n < 7; n += 1) {
        const next = leg({ legId: `sph${n}`, cycleId: `c${n}`, quantity: '0.001' });
        await planLegs(journal, next);
        const result = await journal.intents.openFence(next, terms(next), now);
        codes.push(result.passed ? 'passed' : result.code);
      }
      expect(codes).toEqual(['passed', 'passed', 'passed', 'passed', 'passed', 'OrderRate', 'OrderRate']);
      now += 60_001;
      const later = leg({ legId: 'sph-later', cycleId: 'c-later', quantity: '0.001' });
      await planLegs(journal, later);
      expect((await journal.intents.openFence(later, terms(later), now)).passed).toBe(true);
    });

    it('sends the next submission only when the one before is over', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      await journal.intents.openFence(leg(), terms(leg()), now);
      expect(await journal.intents.openFence(leg(), terms(leg(), 2), now)).toMatchObject({
        passed: false,
        code: 'PreviousSubmissionOpen',
      });
    });

    it('refuses what stands as void, however late the attempt wakes', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      expect((await journal.intents.voidIfMissing(leg(), 1)).state).toBe('void');
      expect(await journal.intents.openFence(leg(), terms(leg()), now)).toMatchObject({
        passed: false,
        code: 'IntentExists',
        value: 'void',
      });
    });
  });

  describe('fills', () => {
    it('are booked once, however often and in whatever order they come', async () => {
      await fc.assert(
        fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 0, 1, 2, 2], { minLength: 7, maxLength: 7 }), async (order) => {
          const books = await open(() => now);
          await fund(books);
          await planLegs(books, leg());
          await books.intents.openFence(leg(), terms(leg()), now);
          const parts = [0, 1, 2].map((n) => fill({ tradeId: String(n), quantity: '0.003', fee: '0.000003' }));
          for (const n of order) {
            const part = parts[n];
            if (part) await books.intents.report({ intentId: part.intentId, state: 'partially_filled', fills: [part] });
          }
          await books.intents.report({
            intentId: fill().intentId,
            state: 'expired',
            filledQuantity: '0.009',
            fills: [],
          });
          const balances = await books.ledger.balances('main');
          expect(balances).toEqual([
            { asset: 'BTC', free: '0.008991', reserved: '0', dust: '0' },
            { asset: 'USDT', free: '9460.09', reserved: '0', dust: '0' },
          ]);
          await books.close();
        }),
        { numRuns: 20 },
      );
    });

    it('keep an order open until all of them are booked', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      await journal.intents.openFence(leg(), terms(leg()), now);
      await expect(
        journal.intents.report({
          intentId: fill().intentId,
          state: 'filled',
          filledQuantity: '0.01',
          fills: [fill({ quantity: '0.004' })],
        }),
      ).rejects.toThrow('booked are 0.004');
      expect(await journal.ledger.fillsOfCycle(leg().cycleId)).toEqual([]);
    });

    it('may come after the cancel and are paid from free cash', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      await journal.intents.openFence(leg(), terms(leg()), now);
      await journal.intents.report({ intentId: fill().intentId, state: 'accepted', fills: [] });
      await journal.intents.report({ intentId: fill().intentId, state: 'canceled', filledQuantity: '0', fills: [] });
      expect(await balance('USDT')).toMatchObject({ free: '10000', reserved: '0', dust: '0' });
      const late = await journal.intents.report({
        intentId: fill().intentId,
        state: 'filled',
        filledQuantity: '0.01',
        fills: [fill()],
      });
      expect(late).toMatchObject({ state: 'filled', filledQuantity: '0.01' });
      expect(await balance('USDT')).toMatchObject({ free: '9400.1', reserved: '0', dust: '0' });
    });

    it('do not move a finished order back', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      await journal.intents.openFence(leg(), terms(leg()), now);
      await journal.intents.report({
        intentId: fill().intentId,
        state: 'filled',
        filledQuantity: '0.01',
        fills: [fill()],
      });
      const after = await journal.intents.report({ intentId: fill().intentId, state: 'canceled', fills: [] });
      expect(after.state).toBe('filled');
    });

    it('make positions at average cost and realise the difference', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      await journal.intents.openFence(leg(), terms(leg()), now);
      await journal.intents.report({
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
      await planLegs(journal, sell);
      await journal.intents.openFence(sell, terms(sell), now);
      await journal.intents.report({
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
      const [position] = await journal.ledger.positions('main');
      // Bought for 599.9, sold for 609.39 less a fee of 0.60939.
      expect(position).toMatchObject({ quantity: '0', realizedPnl: '8.88061' });
      expect(await balance('USDT')).toMatchObject({ free: '10008.88061', reserved: '0', dust: '0' });
    });
  });

  describe('reservations', () => {
    it('never exceed free cash, under concurrent plans', async () => {
      await fund(journal, '1000');
      const plans = await Promise.allSettled(
        [1, 2, 3].map((n) => planLegs(journal, leg({ legId: `sph${n}`, cycleId: `c${n}` }))),
      );
      expect(plans.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect(await balance('USDT')).toMatchObject({ free: '398.8', reserved: '601.2' });
    });

    it('are made once for a cycle', async () => {
      await fund(journal);
      const first = await planLegs(journal, leg());
      const second = await journal.cycles.plan('cycle/main/1', 'main', () => {
        throw new Error('decided twice');
      });
      expect(second).toEqual(first);
      expect(await balance('USDT')).toMatchObject({ reserved: '601.2' });
    });

    it('show the next plan what another one is about to send, and give up what nobody sent', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      const look = async (cycleId: string) => {
        let seen: unknown[] = [];
        await journal.cycles.plan(cycleId, 'main', ({ openOrders }) => {
          seen = openOrders;
          return { cycleId, equity: '10000', legs: [], verdicts: [], allocations: [] };
        });
        return seen;
      };
      expect(await look('c2')).toMatchObject([{ symbol: 'BTC/USDT', side: 'buy', state: 'initialized' }]);
      now += 5 * 60_000;
      expect(await look('c3')).toEqual([]);
      expect(await balance('USDT')).toMatchObject({ free: '10000', reserved: '0', dust: '0' });
      expect(await journal.intents.openFence(leg(), terms(leg()), now)).toMatchObject({ passed: false, value: 'void' });
    });

    it('come back when a leg is given up, once', async () => {
      await fund(journal);
      await planLegs(journal, leg());
      await journal.cycles.releaseLeg(leg().legId);
      await journal.cycles.releaseLeg(leg().legId);
      expect(await balance('USDT')).toMatchObject({ free: '10000', reserved: '0', dust: '0' });
    });
  });

  describe('the halt', () => {
    it('raises the epoch once for a request', async () => {
      const request = { requestId: 'r1', account: 'main', reason: 'test', by: 'me' };
      const all = await Promise.all(Array.from({ length: 20 }, () => journal.control.raiseHalt(request)));
      expect(new Set(all.map(({ epoch }) => epoch))).toEqual(new Set([1]));
      expect((await journal.control.raiseHalt({ ...request, requestId: 'r2' })).epoch).toBe(2);
    });

    it('wins over a resume that read an older epoch', async () => {
      await journal.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'a', by: 'me' });
      await journal.control.raiseHalt({ requestId: 'r2', account: 'main', reason: 'b', by: 'me' });
      expect(
        await journal.control.resume({ account: 'main', expectedEpoch: 1, reason: 'x', by: 'me' }),
      ).toBeUndefined();
      expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 2, reason: 'b' });
      expect(await journal.control.resume({ account: 'main', expectedEpoch: 2, reason: 'x', by: 'me' })).toMatchObject({
        tradingState: 'active',
        epoch: 3,
      });
    });
  });

  it('marks equity with the day that it opened at and its high water', async () => {
    const day = 86_400_000;
    const marksAfter = async (equity: string, at: number) => {
      await journal.cycles.record(cycleRecord({ cycleId: `c${at}`, equity, finishedAt: at }));
      return journal.ledger.equityMarks('main');
    };
    await marksAfter('100', day + 1);
    await marksAfter('120', day + 2);
    expect(await marksAfter('90', day + 3)).toEqual({ equity: '90', dayOpen: '100', highWater: '120', at: day + 3 });
    expect(await marksAfter('95', 2 * day)).toMatchObject({ equity: '95', dayOpen: '95', highWater: '120' });
    await journal.cycles.record(cycleRecord({ cycleId: `c${2 * day}`, equity: '1', finishedAt: 2 * day }));
    expect(await journal.ledger.equityMarks('main')).toMatchObject({ equity: '95' });
  });

  it('counts day and peak from the last mark once a person has resumed', async () => {
    const mark = (equity: string, finishedAt: number): Promise<void> =>
      journal.cycles.record(cycleRecord({ cycleId: `cycle/${finishedAt}`, equity, finishedAt }));
    await mark('10000', 1_000);
    await mark('9000', 2_000);
    const { epoch } = await journal.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'loss', by: 'risk' });
    await journal.control.resume({ account: 'main', expectedEpoch: epoch, reason: 'looked at it', by: 'me' });
    expect(await journal.ledger.equityMarks('main')).toMatchObject({
      equity: '9000',
      dayOpen: '9000',
      highWater: '9000',
    });
  });

  it('takes deposits for neither gain nor loss, and refuses to withdraw what is not free', async () => {
    await fund(journal);
    await journal.cycles.record(cycleRecord({ cycleId: 'cycle/a', equity: '10000', finishedAt: 1_000 }));
    const move = (reference: string, amount: string): Promise<void> =>
      journal.ledger.transfer({ reference, account: 'main', asset: 'USDT', amount, value: amount, at: 2_000 });
    await move('in', '500');
    await move('in', '500');
    await move('out', '-1500');
    expect(await balance('USDT')).toMatchObject({ free: '9000' });
    expect(await journal.ledger.deposits('main')).toEqual({ USDT: '9000' });
    expect(await journal.ledger.equityMarks('main')).toMatchObject({ dayOpen: '9000', highWater: '9000' });
    await expect(move('too much', '-9000.01')).rejects.toThrow(/9000 are free/);
  });

  it('sets dust apart at its cost, and takes it back with the next buy', async () => {
    await fund(journal);
    await planLegs(journal, leg());
    await journal.intents.openFence(leg(), terms(leg()), now);
    const dusty = fill({ quantity: '0.00005', fee: '0', price: '60000' });
    await journal.intents.report({
      intentId: dusty.intentId,
      state: 'expired',
      filledQuantity: '0.00005',
      fills: [dusty],
    });
    const sweep = { reference: 'd1', account: 'main', symbol: 'BTC/USDT', price: '60000' };
    expect(await journal.ledger.sweepDust({ ...sweep, minNotional: '2' })).toBe('0');
    expect(await journal.ledger.sweepDust({ ...sweep, minNotional: '5' })).toBe('0.00005');
    expect(await journal.ledger.sweepDust({ ...sweep, minNotional: '5' })).toBe('0');
    expect(await balance('BTC')).toEqual({ asset: 'BTC', free: '0', reserved: '0', dust: '0.00005' });
    expect((await journal.ledger.positions('main'))[0]).toMatchObject({
      quantity: '0',
      dust: '0.00005',
      realizedPnl: '0',
    });

    const next = leg({ legId: 'sph2', cycleId: 'c2' });
    await planLegs(journal, next);
    await journal.intents.openFence(next, terms(next), now);
    const bought = fill({ intentId: 'sph2-1', tradeId: '2', quantity: '0.00995', fee: '0', price: '50000' });
    await journal.intents.report({ intentId: 'sph2-1', state: 'expired', filledQuantity: '0.00995', fills: [bought] });
    expect((await journal.ledger.positions('main'))[0]).toMatchObject({
      quantity: '0.01',
      dust: '0',
      // (0.00005 · 60000 + 0.00995 · 50000) / 0.01
      averageCost: '50050',
    });
  });

  it('reads trades for one holder at a time, and never back', async () => {
    expect(await journal.exchange.acquireLease('main', 'one', 1_000)).toBe(true);
    expect(await journal.exchange.acquireLease('main', 'two', 1_000)).toBe(false);
    const batch = { account: 'main', symbol: 'BTC/USDT', fills: [] };
    expect(await journal.exchange.bookTrades({ ...batch, holder: 'two', next: '5' })).toBe(false);
    expect(await journal.exchange.bookTrades({ ...batch, holder: 'one', next: '10' })).toBe(true);
    expect(await journal.exchange.bookTrades({ ...batch, holder: 'one', next: '9' })).toBe(true);
    expect(await journal.exchange.cursor('main', 'BTC/USDT')).toBe('10');
    now += 1_001;
    expect(await journal.exchange.bookTrades({ ...batch, holder: 'one', next: '11' })).toBe(false);
    expect(await journal.exchange.acquireLease('main', 'two', 1_000)).toBe(true);
  });

  it('counts how often the same difference was seen in a row', async () => {
    const look = async (...differences: string[]): Promise<number> =>
      (await journal.exchange.recordReconciliation({ account: 'main', at: now, differences })).stable;
    expect([await look('a'), await look('a'), await look('b'), await look(), await look('b')]).toEqual([1, 2, 1, 0, 1]);
  });

  it('keeps a limit that a person changed until the configuration is changed', async () => {
    const request = { requestId: 'c1', account: 'main', by: 'ann', reason: 'careful' };
    const { before, after } = await journal.risk.change({ ...request, limits: { maxOrderNotional: '100' } });
    expect([before?.maxOrderNotional, after.maxOrderNotional]).toEqual(['5000', '100']);
    await journal.risk.change({ ...request, limits: { maxOrderNotional: '7' } });
    await journal.risk.adopt('main', limits);
    expect((await journal.risk.read('main')).limits.maxOrderNotional).toBe('100');
    await journal.risk.adopt('main', { ...limits, maxOrderNotional: '300' });
    expect((await journal.risk.read('main')).limits.maxOrderNotional).toBe('300');
    await expect(journal.risk.read('nobody')).rejects.toThrow(/No risk limits/);
  });

  it('changes participation once for a request, with before and after', async () => {
    const everyone = { enabled: true, weight: 1 };
    await journal.participation.seed({
      deepseek: everyone,
      qwen: everyone,
      fingpt: everyone,
      'lag-llama': everyone,
      freqtrade: everyone,
      hummingbot: everyone,
      baseline: everyone,
    });
    const request = { requestId: 'p1', agentId: 'qwen' as const, enabled: false, by: 'me', reason: 'test' };
    const change = await journal.participation.change(request);
    expect(change).toMatchObject({ version: 1, before: everyone, after: { enabled: false, weight: 1 } });
    expect(await journal.participation.change(request)).toEqual(change);
    expect((await journal.participation.read()).agents.qwen).toEqual({ enabled: false, weight: 1 });
  });

  it('writes each fact to the outbox in the transaction that made it true', async () => {
    await fund(journal);
    await planLegs(journal, leg());
    await journal.intents.openFence(leg(), terms(leg()), now);
    await journal.intents.report({
      intentId: fill().intentId,
      state: 'filled',
      filledQuantity: '0.01',
      fills: [fill()],
    });
    const events = await journal.outbox.after(0, 100);
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

  it('adds up to zero over all books, whatever happens', async () => {
    await fund(journal);
    await planLegs(journal, leg());
    await journal.intents.openFence(leg(), terms(leg()), now);
    await journal.intents.report({
      intentId: fill().intentId,
      state: 'filled',
      filledQuantity: '0.01',
      fills: [fill({ fee: '0.6', feeAsset: 'USDT' })],
    });
    const [btc, usdt] = await Promise.all([balance('BTC'), balance('USDT')]);
    expect(decimal(btc?.free ?? 0).toFixed()).toBe('0.01');
    expect(
      decimal(usdt?.free ?? 0)
        .plus(usdt?.reserved ?? 0)
        .toFixed(),
    ).toBe('9399.5');
  });
});
