import { describe, expect, it } from 'vitest';
import { via } from '../../contracts/audit.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import type { Money, Price } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Restriction } from '../../domain/portfolio/portfolio.ts';
import type { PlanningView } from '../../stores/journal/books/cycles.ts';
import { cycleRecord, fund } from '../support/books.ts';
import type { Plain } from '../support/plain.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

describe.each(adapterNames)('equity on %s', (name) => {
  const books = new FreshBooks(name);

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

  describe('the peak of the drawdown guard', () => {
    const mark = (equity: string, finishedAt: number): Promise<void> =>
      books.journal.cycles.record(cycleRecord({ cycleId: `cycle/${finishedAt}`, equity, finishedAt }));
    const marks = () => books.journal.ledger.equityMarks('main');
    const restricted = (cycleId: string, restriction: Plain<Restriction>) =>
      books.journal.cycles.plan(cycleId, 'main', books.now, () => {
        return { cycleId, equity: '0', legs: [], verdicts: [], allocations: [], restriction };
      });
    const rested = { to: 'active', code: 'DrawdownRested', limit: '1 ms', value: '2 ms' } as const;
    const reduced = async (): Promise<void> => {
      await mark('10000', 1_000);
      await mark('9400', 2_000);
      await restricted('c1', { to: 'reducing', code: 'Drawdown', limit: '9400', value: '9399' });
    };

    it('is the high water until a rest is over, follows equity from there, and a new peak is that of both', async () => {
      await reduced();
      expect(await marks()).not.toHaveProperty('guardPeak');
      await restricted('c2', { ...rested, guardPeak: '9390' });
      expect(await marks()).toMatchObject({ highWater: '10000', guardPeak: '9390' });
      await mark('9350', 3_000);
      expect(await marks()).toMatchObject({ highWater: '10000', guardPeak: '9390' });
      await mark('9700', 4_000);
      expect(await marks()).toMatchObject({ highWater: '10000', guardPeak: '9700' });
      await mark('10001', 5_000);
      expect(await marks()).toEqual({ equity: '10001', dayOpen: '10000', highWater: '10001', at: 5_000 });
    });

    it('goes along with what is paid in and out', async () => {
      await reduced();
      await restricted('c2', { ...rested, guardPeak: '9400' });
      await fund(books.journal, '500');
      expect(await marks()).toMatchObject({ equity: '9900', highWater: '10500', guardPeak: '9900' });
    });

    it('is where equity stands when a person lets orders open again, and peak, day and epoch stay', async () => {
      await reduced();
      const request = { account: 'main', reason: 'looked at it', by: 'ann', via: via.os('ann') };
      expect(await books.journal.control.endReducing({ ...request, expectedEpoch: 1 })).toBeUndefined();
      expect(await books.journal.control.endReducing({ ...request, expectedEpoch: 0 })).toMatchObject({
        tradingState: 'active',
        epoch: 0,
        reason: 'looked at it',
        changedBy: 'ann',
      });
      expect(await marks()).toMatchObject({ dayOpen: '10000', highWater: '10000', guardPeak: '9400' });
      expect(await books.journal.control.endReducing({ ...request, expectedEpoch: 0 })).toBeUndefined();
      const told = (await books.journal.outbox.after(0, 100)).filter(({ kind }) => kind === 'trading.resumed');
      expect(told).toMatchObject([{ payload: { via: 'os:ann', marksReset: false, guardPeak: '9400' } }]);
      expect((await books.journal.audit.verify()).fault).toBeUndefined();
    });

    it('never ends a halt, and is that of both after one by a risk limit', async () => {
      await reduced();
      await restricted('c2', { ...rested, guardPeak: '9400' });
      await restricted('c3', { to: 'halted', code: 'Drawdown', limit: '9100', value: '9000' });
      const request = { account: 'main', expectedEpoch: 1, reason: 'looked at it', by: 'ann', via: via.os('ann') };
      expect(await books.journal.control.endReducing(request)).toBeUndefined();
      await books.journal.control.resume(request);
      expect(await marks()).toEqual({ equity: '9400', dayOpen: '9400', highWater: '9400', at: 2_000 });
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

  it('knows equity by the books of its own transaction, and tells of it once for each mark', async () => {
    const { journal } = books;
    const cash = (seen: Pick<PlanningView, 'balances'>): Money | undefined =>
      seen.balances.map(({ free }) => tagged<Money>(free))[0];
    const record = (cycleId: string, takenAt: number): Promise<void> => {
      const mids = { 'BTC/USDT': tagged<Price>(String(takenAt)) };
      const priced = { prices: { takenAt, mids }, currency: 'USDT', finishedAt: takenAt };
      return journal.cycles.record(cycleRecord({ cycleId, ...priced }), cash);
    };
    books.now = 10_000;
    await fund(journal);
    await record('cycle/1', 2_000);
    await journal.ledger.transfer({ reference: 'in', account: 'main', asset: 'USDT', amount: '5', value: '5', at: 0 });
    await record('cycle/2', 3_000);
    // Its prices are older than those of the mark that stands.
    await record('late', 1_000);
    const prices = { 'BTC/USDT': '3000' };
    const marks = { equity: '10005', highWater: '10005', at: 3_000, prices };
    expect(await journal.ledger.equityMarks('main')).toMatchObject(marks);
    const halted = { account: 'main', currency: 'USDT', takenAt: 4_000, mids: { 'BTC/USDT': tagged<Price>('4000') } };
    expect(await journal.cycles.mark(halted, cash)).toBe(true);
    expect(await journal.ledger.equityMarks('main')).toMatchObject({ at: 4_000, prices: { 'BTC/USDT': '4000' } });
    const told = (await journal.outbox.after(0, 100)).filter(({ kind }) => kind === 'equity.marked');
    expect(told.map(({ payload }) => payload)).toMatchObject(['10000', '10005', '10005'].map((equity) => ({ equity })));
    expect(await journal.cycles.find(tagged('late'))).toMatchObject({ equity: '10005' });
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
      const prices = {};
      expect(await marks()).toEqual({ equity: '12500', dayOpen: '10000', highWater: '12500', at, prices });
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
