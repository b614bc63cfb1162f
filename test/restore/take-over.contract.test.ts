import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { intentId } from '../../contracts/workflow-ids.ts';
import { decimal } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { VenueOrderId } from '../../domain/orders/ids.ts';
import { refuseOtherAccount } from '../../trading/control/bind-account.ts';
import { compareAtRest } from '../../trading/reconcile/strict.ts';
import { compareBooks, takeOver } from '../../trading/reconcile/take-over.ts';
import { startTestExchange } from '../paper-exchange/harness.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { ENGINES, makeRestorable, type Restorable, tradingAs } from './harness.ts';

const of = { account: 'main', currency: 'USDT', symbols: ['BTC/USDT'] };
const who = { reason: 'nobody knows any more', by: 'ann', via: 'os:ann' } as const;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

describe.each(ENGINES)('what no trade explains, of books in %s', { timeout: 180_000 }, (engine) => {
  let rig: Restorable;
  beforeEach(async () => {
    rig = await makeRestorable(engine, server);
    await rig.ingest.round();
    await rig.send(await rig.taking('sphbefore', { quantity: '0.002' }));
    await rig.ingest.round();
  });
  afterEach(() => rig.close());

  const halt = () => rig.journal.control.raiseHalt({ requestId: 'h', account: 'main', reason: 'a look', by: 'ann' });
  const move = (path: string, asset: string, amount: string) =>
    rig.exchange.admin('POST', `/admin/${path}`, { name: 'main', asset, amount });
  const adopted = async () =>
    (await rig.journal.audit.after(0, 1_000))
      .filter(({ kind }) => kind === 'books.adopted')
      .map(({ payload }) => payload);

  it('is shown with its numbers, and taken over under a halt, once, as neither gain nor loss', async () => {
    await move('deposits', 'USDT', '500');
    await move('withdrawals', 'BTC', '0.001');
    const found = await compareBooks(rig, of);
    const [btc, usdt] = found.differences;
    expect(btc).toMatchObject({ asset: 'BTC', difference: '-0.001', symbol: 'BTC/USDT' });
    expect(Number(btc?.value)).toBeLessThan(-40);
    expect(usdt).toMatchObject({ asset: 'USDT', difference: '500', value: '500' });
    expect(found).toMatchObject({ halted: false, inTheWay: [] });

    await expect(takeOver(rig, { ...of, ...who })).rejects.toMatchObject({ code: 'NotHalted' });
    await halt();
    await expect(takeOver(rig, { ...of, ...who, look: found.look })).rejects.toThrow(/What was looked at as .* is now/);
    const { look } = await compareBooks(rig, of);
    const before = await rig.journal.ledger.paidIn('main', 'USDT');
    const { differences } = await takeOver(rig, { ...of, ...who, look });
    await expectBooksEqualExchange(rig);
    const paidIn = decimal(await rig.journal.ledger.paidIn('main', 'USDT')).minus(before);
    expect(paidIn.toFixed()).toBe(
      decimal('500')
        .plus(differences[0]?.value ?? '')
        .toFixed(),
    );
    expect(await adopted()).toHaveLength(1);
    expect((await rig.journal.audit.verify()).fault).toBeUndefined();

    expect(await takeOver(rig, { ...of, ...who })).toMatchObject({ differences: [] });
    expect(await adopted()).toHaveLength(1);
    expect(await compareAtRest(rig, 'main')).toEqual({ clean: true, differences: [] });
  });

  it('is not what trades explain that are not read yet, nor what an open order may move', async () => {
    const folder = await rig.backUp();
    await rig.send(await rig.taking('sphlost'));
    await rig.halfFilled('sphhalf');
    await rig.restore(folder);
    await halt();
    const refused = takeOver(rig, { ...of, ...who });
    await expect(refused).rejects.toThrow(
      /order sphhalf-1 on BTC\/USDT is open.* trades on BTC\/USDT are not read yet/,
    );
    expect(await adopted()).toEqual([]);
  });

  it('is refused where the books have moved since they were seen', async () => {
    const { epoch } = await halt();
    const seen = { asset: 'USDT', booked: '1', held: '2', value: '1' };
    const late = rig.journal.ledger.adopt({ account: 'main', epoch, look: 'a', differences: [seen], at: 1, ...who });
    await expect(late).rejects.toThrow(
      /The books hold \d+\.\d+ USDT, and 1 when they were looked at. Nothing was booked/,
    );
  });

  it('is all that an account has whose predecessor is gone: the books leave it, and go on in a life of their own', async () => {
    await rig.journal.control.raiseHalt({ requestId: 'before', account: 'main', reason: 'x', by: 'y' });
    const gone = await rig.journal.intents.find(intentId(tagged('sphbefore'), 1));
    const exchange = await startTestExchange();
    try {
      const trading = await tradingAs(await exchange.account('main', { USDT: '9000' }), exchange);
      const next = { journal: rig.journal, trading };
      const configuration = { account: 'main', mode: 'paper' } as const;
      await expect(refuseOtherAccount({ ...next, configuration })).rejects.toThrow(/sapphire reconcile --rebind/);

      const left = await rig.journal.bindings.unbind({ account: 'main', ...who });
      expect(left?.control).toMatchObject({ tradingState: 'halted', epoch: 1_000_001 });
      expect(await rig.journal.bindings.unbind({ account: 'main', ...who })).toBeUndefined();
      const identity = await trading.accountIdentity();
      const bound = await rig.journal.bindings.bind({ account: 'main', identity, by: 'ann', via: 'os:ann' });
      expect(bound).toMatchObject({ isNew: true, binding: { market: identity.market } });
      // There the same number names another order.
      const { venueOrderId = tagged<VenueOrderId>('') } = gone ?? {};
      expect(await rig.journal.intents.findByVenueOrder('main', 'BTC/USDT', venueOrderId)).toBeUndefined();

      expect((await compareBooks(next, of)).differences.map(({ asset, held }) => [asset, held])).toEqual([
        ['BTC', '0'],
        ['USDT', '9000'],
      ]);
      await takeOver(next, { ...of, ...who });
      await expectBooksEqualExchange(next);
      const resumed = { account: 'main', expectedEpoch: 1_000_001, reason: 'taken over', by: 'ann' };
      expect(await rig.journal.control.resume(resumed)).toMatchObject({ tradingState: 'active' });
      expect((await rig.journal.audit.verify()).fault).toBeUndefined();
    } finally {
      await exchange.close();
    }
  });
});
