import { beforeEach, describe, expect, it } from 'vitest';
import { riskSchema } from '../../contracts/config/schema.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { fill, fund, leg, planLegs, sending, terms } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const limits = riskSchema.parse({ maxOrderNotional: '5000', maxOrdersPerMinute: 5 });

describe.each(adapterNames)('the fence on %s', (name) => {
  const books = new FreshBooks(name, limits);

  it('lets an intent pass once', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    const first = await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    const second = await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    expect(first).toMatchObject({ passed: true, intent: { state: 'submitted', sendBy: books.now + 2_000 } });
    expect(second).toMatchObject({ passed: false, code: 'IntentExists', value: 'submitted' });
  });

  it('refuses an intent of an epoch before the stop, and after the resume too', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    const halted = await books.journal.control.raiseHalt({
      requestId: 'r1',
      account: 'main',
      reason: 'test',
      by: 'me',
    });
    expect(await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now))).toMatchObject({
      passed: false,
      code: 'StaleEpoch',
      limit: '1',
      value: '0',
    });
    await books.journal.control.resume({ account: 'main', expectedEpoch: halted.epoch, reason: 'test', by: 'me' });
    const other = leg({ legId: 'sph2', cycleId: 'cycle/main/2' });
    await planLegs(books.journal, other);
    expect(await books.journal.intents.openFence(other, terms(other), sending(books.now))).toMatchObject({
      passed: false,
      code: 'StaleEpoch',
    });
  });

  it('refuses opening while halted, under the current epoch too, and lets a covered reduction pass', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    await books.journal.intents.report({
      intentId: `${leg().legId}-1`,
      state: 'filled',
      filledQuantity: '0.01',
      fills: [fill()],
    });
    await books.journal.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'test', by: 'me' });

    const opening = leg({ legId: 'sph2', cycleId: 'c2', epoch: 1 });
    await planLegs(books.journal, opening);
    expect(await books.journal.intents.openFence(opening, terms(opening), sending(books.now))).toMatchObject({
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
    await planLegs(books.journal, reducing);
    expect(await books.journal.intents.openFence(reducing, terms(reducing), sending(books.now))).toMatchObject({
      passed: true,
    });
  });

  it.each([
    ['OrderNotional', { quantity: '0.1' }, '5000', '6000'],
    ['NotReducing', { side: 'sell' as const, purpose: 'flatten' as const }, '0', '0.01'],
    ['NotReserved', { legId: 'sph-unplanned' }, '0', '600'],
  ])('refuses with %s and its numbers', async (code, changes, limit, value) => {
    await fund(books.journal);
    await fund(books.journal, '1', 'BTC');
    const wanted = leg(changes);
    if (code !== 'NotReserved') await planLegs(books.journal, wanted);
    expect(await books.journal.intents.openFence(wanted, terms(wanted), sending(books.now))).toMatchObject({
      passed: false,
      code,
      limit,
      value,
      intent: { state: 'denied' },
    });
  });

  it.each([
    { side: 'sell' },
    { symbol: 'ETH/USDT' },
    { purpose: 'flatten' },
    { type: 'market' },
    { quantity: '0.009' },
    { limitPrice: '59999' },
    { timeInForce: 'GTC' },
    { restMs: 60_000 },
    { working: { style: 'chase', submissions: 3 } },
    { minNotional: '0' },
    { cycleId: 'cycle/main/other' },
    { correlationId: 'other' },
    { more: 1 },
  ])('refuses a leg that is not the reserved one: %j', async (changes) => {
    await fund(books.journal);
    await fund(books.journal, '1', 'ETH');
    await planLegs(books.journal, leg());
    const other = { ...leg(), ...changes } as OrderLeg;
    const result = await books.journal.intents.openFence(other, terms(other), sending(books.now));
    expect(result).toMatchObject({ passed: false, code: 'OtherLeg' });
    if (!result.passed) expect(result.value).toContain(Object.keys(changes)[0]);
  });

  it('gives a denied leg its capital back', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg({ quantity: '0.1' }));
    expect(await books.balance('USDT')).toMatchObject({ free: '3988', reserved: '6012' });
    await books.journal.intents.openFence(
      leg({ quantity: '0.1' }),
      terms(leg({ quantity: '0.1' })),
      sending(books.now),
    );
    expect(await books.balance('USDT')).toMatchObject({ free: '10000', reserved: '0', dust: '0' });
  });

  it('counts orders of a minute', async () => {
    await fund(books.journal);
    const codes: string[] = [];
    for (let n = 0; n < 7; n += 1) {
      const next = leg({ legId: `sph${n}`, cycleId: `c${n}`, quantity: '0.001' });
      await planLegs(books.journal, next);
      const result = await books.journal.intents.openFence(next, terms(next), sending(books.now));
      codes.push(result.passed ? 'passed' : result.code);
    }
    expect(codes).toEqual(['passed', 'passed', 'passed', 'passed', 'passed', 'OrderRate', 'OrderRate']);
    books.now += 60_001;
    const later = leg({ legId: 'sph-later', cycleId: 'c-later', quantity: '0.001' });
    await planLegs(books.journal, later);
    expect((await books.journal.intents.openFence(later, terms(later), sending(books.now))).passed).toBe(true);
  });

  it.each([
    ['set back by an hour', -3_600_000],
    ['set ahead by an hour', 3_600_000],
  ])('counts orders of a minute by the exchange’s clock, with a local one %s', async (_how, skewMs) => {
    await fund(books.journal);
    const start = 10_000_000;
    const send = async (n: number, sentAt: number): Promise<string> => {
      const next = leg({ legId: `sph${n}`, cycleId: `c${n}`, quantity: '0.001' });
      await planLegs(books.journal, next);
      const result = await books.journal.intents.openFence(next, terms(next), sending(sentAt));
      return result.passed ? 'passed' : result.code;
    };
    books.now = start;
    for (const n of [1, 2, 3, 4, 5]) expect(await send(n, start + n)).toBe('passed');
    books.now = start + skewMs;
    expect(await send(6, start + 60_000)).toBe('OrderRate');
    expect(await send(7, start + 60_001)).toBe('passed');
  });

  it('is not held up by orders that were sent under a clock of the exchange that has been set back', async () => {
    await fund(books.journal);
    const codes: string[] = [];
    const hour = 3_600_000;
    for (const [n, sentAt] of [...Array.from({ length: 5 }, (_, k) => hour + k), 0, 1, hour].entries()) {
      const next = leg({ legId: `sph${n}`, cycleId: `c${n}`, quantity: '0.001' });
      await planLegs(books.journal, next);
      const result = await books.journal.intents.openFence(next, terms(next), sending(sentAt));
      codes.push(result.passed ? 'passed' : result.code);
    }
    expect(codes).toEqual([...Array.from({ length: 7 }, () => 'passed'), 'OrderRate']);
  });

  it('sends the next submission only when the one before is over', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    expect(await books.journal.intents.openFence(leg(), terms(leg(), 2), sending(books.now))).toMatchObject({
      passed: false,
      code: 'PreviousSubmissionOpen',
    });
  });

  it('refuses what stands as void, however late the attempt wakes', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    expect((await books.journal.intents.voidIfMissing(leg(), 1)).state).toBe('void');
    expect(await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now))).toMatchObject({
      passed: false,
      code: 'IntentExists',
      value: 'void',
    });
  });

  describe('of a leg in several submissions', () => {
    const chased = leg({ type: 'limit', timeInForce: 'GTC', working: { style: 'chase', submissions: 3 } });

    beforeEach(async () => {
      await fund(books.journal);
      await planLegs(books.journal, chased);
      await books.journal.intents.openFence(chased, terms(chased), sending(books.now));
    });

    const endFirst = () =>
      books.journal.intents.report({
        intentId: `${chased.legId}-1`,
        state: 'canceled',
        filledQuantity: '0.004',
        fills: [fill({ quantity: '0.004', fee: '0' })],
      });

    it('keeps the capital of an order at the exchange when the next one comes too early', async () => {
      expect(await books.journal.intents.openFence(chased, terms(chased, 2), sending(books.now))).toMatchObject({
        passed: false,
        code: 'PreviousSubmissionOpen',
      });
      await books.journal.cycles.releaseLeg(chased.legId);
      expect(await books.balance('USDT')).toMatchObject({ free: '9398.8', reserved: '601.2' });
      await endFirst();
      expect(await books.balance('USDT')).toMatchObject({ free: '9760.04', reserved: '0' });
    });

    it('keeps what the next submission needs, and no more passes than the leg', async () => {
      await endFirst();
      expect(await books.balance('USDT')).toMatchObject({ free: '9398.8', reserved: '361.24' });
      const whole = terms(chased, 2);
      expect(await books.journal.intents.openFence(chased, whole, sending(books.now))).toMatchObject({
        passed: false,
        code: 'OverLeg',
        limit: '0.01',
        value: '0.014',
      });
    });

    it('passes the rest of the leg, and gives back what the last one left', async () => {
      await endFirst();
      const rest = { ...terms(chased, 2), quantity: '0.006', limitPrice: '59000' };
      expect(await books.journal.intents.openFence(chased, rest, sending(books.now))).toMatchObject({
        passed: true,
        intent: { submission: 2, quantity: '0.006', limitPrice: '59000', filledQuantity: '0' },
      });
      const bought = fill({ intentId: `${chased.legId}-2`, tradeId: '2', quantity: '0.006', price: '59000', fee: '0' });
      await books.journal.intents.report({
        intentId: bought.intentId,
        state: 'filled',
        filledQuantity: '0.006',
        fills: [bought],
      });
      expect(await books.balance('USDT')).toMatchObject({ free: '9406.04', reserved: '0' });
      const third = { ...terms(chased, 3), quantity: '0.001' };
      expect(await books.journal.intents.openFence(chased, third, sending(books.now))).toMatchObject({
        passed: false,
        code: 'LegOver',
      });
      expect((await books.journal.intents.ofLeg(chased.legId)).map(({ state }) => state)).toEqual([
        'canceled',
        'filled',
        'denied',
      ]);
    });
  });

  it('refuses a price beyond the collar', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    const worse = { ...terms(leg()), limitPrice: '60000.01' };
    expect(await books.journal.intents.openFence(leg(), worse, sending(books.now))).toMatchObject({
      passed: false,
      code: 'PriceCollar',
      limit: '60000',
      value: '60000.01',
    });
  });

  it('freezes a symbol to reducing orders while an order on it is unresolved', async () => {
    await fund(books.journal);
    await fund(books.journal, '1', 'ETH');
    await planLegs(books.journal, leg());
    await books.journal.intents.openFence(leg(), terms(leg()), sending(books.now));
    await books.journal.intents.report({
      intentId: fill().intentId,
      state: 'partially_filled',
      fills: [fill({ quantity: '0.001' })],
    });
    await books.journal.intents.report({ intentId: fill().intentId, state: 'unresolved', fills: [] });
    const pass = async (changes: Partial<OrderLeg>) => {
      const wanted = leg({ cycleId: `cycle/${changes.legId}`, ...changes });
      await planLegs(books.journal, wanted);
      const result = await books.journal.intents.openFence(wanted, terms(wanted), sending(books.now));
      return result.passed ? 'passed' : `${result.code} ${result.value}`;
    };
    expect(await pass({ legId: tagged('sph2') })).toBe(`SymbolFrozen ${fill().intentId}`);
    expect(await pass({ legId: tagged('sph3'), symbol: 'ETH/USDT' })).toBe('passed');
    expect(await pass({ legId: tagged('sph4'), side: 'sell', purpose: 'protect', quantity: tagged('0.0005') })).toBe(
      'passed',
    );
  });

  it('lets real money be spent only where a person enabled it', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg(), leg({ legId: 'sph2' }));
    const live = await books.again({ mode: 'live' });
    expect(await live.intents.openFence(leg(), terms(leg()), sending(books.now))).toMatchObject({
      passed: false,
      code: 'LiveDisabled',
    });
    await live.control.setLive({ requestId: 'l1', account: 'main', enabled: true, reason: 'test', by: 'me' });
    const second = leg({ legId: 'sph2' });
    expect(await live.intents.openFence(second, terms(second), sending(books.now))).toMatchObject({ passed: true });
  });
});
