import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { intentId } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { sweepOrders } from '../../trading/control/sweep.ts';
import { planLegs } from '../support/books.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { ENGINES, makeRestorable, type Restorable } from './harness.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

describe.each(ENGINES)('trades since the backup of books in %s', { timeout: 180_000 }, (engine) => {
  let rig: Restorable;
  beforeEach(async () => {
    rig = await makeRestorable(engine, server);
    await rig.ingest.round();
    await rig.send(await rig.taking('sphbefore', { quantity: '0.002' }));
    await rig.ingest.round();
  });
  afterEach(() => rig.close());

  const gains = async () => {
    const { ledger } = rig.journal;
    const positions = (await ledger.positions('main')).map(({ openedAt: _at, ...position }) => position);
    return { positions, balances: await ledger.balances('main'), fees: await ledger.fees('main') };
  };

  it('are booked to the unit, as the lost books had them, and their orders are known as recovered', async () => {
    const folder = await rig.backUp();
    await rig.send(await rig.taking('sphlostbuy'));
    const { bid } = await rig.trading.touch('BTC/USDT');
    const limitPrice = String(Math.floor(Number(bid) * 0.99));
    await rig.send(
      await rig.taking('sphlostsale', { side: 'sell', purpose: 'flatten', quantity: '0.0015', limitPrice }),
    );
    await rig.ingest.round();
    const lost = await gains();
    await rig.restore(folder);
    expect(await gains()).not.toEqual(lost);

    expect(await rig.ingest.round()).toBe(true);
    await rig.ingest.round();
    expect(await gains()).toEqual(lost);
    await expectBooksEqualExchange(rig);
    expect(await rig.journal.intents.find(intentId(tagged('sphlostbuy'), 1))).toMatchObject({
      purpose: 'recovered',
      state: 'filled',
      side: 'buy',
      quantity: '0.001',
      filledQuantity: '0.001',
    });
    expect(rig.strangers.map(({ words }) => words)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/is of sphlostbuy-1, which these books did not send: it was booked/),
      ]),
    );
  });

  it('leave no half-filled order without an owner', async () => {
    const folder = await rig.backUp();
    const { legId } = await rig.halfFilled('sphhalf');
    await rig.restore(folder);
    await rig.ingest.round();
    const recovered = await rig.journal.intents.find(intentId(legId, 1));
    expect(recovered).toMatchObject({ purpose: 'recovered', state: 'partially_filled', quantity: '20' });
    // Restored books are halted.
    const { failed } = await sweepOrders({ journal: rig.journal, trading: rig.trading, clock: Date }, 'main');
    expect(failed).toEqual([]);
    await rig.ingest.round();
    expect(await rig.journal.intents.find(intentId(legId, 1))).toMatchObject({ state: 'canceled' });
    await expectBooksEqualExchange(rig);
  });

  it('of an order that was half filled at the backup are its own, and not recovered', async () => {
    const { legId } = await rig.halfFilled('sphknown');
    await rig.ingest.round();
    const folder = await rig.backUp();
    await rig.trading.cancel('BTC/USDT', intentId(legId, 1));
    await rig.restore(folder);
    await rig.ingest.round();
    await sweepOrders({ journal: rig.journal, trading: rig.trading, clock: Date }, 'main');
    expect(await rig.journal.intents.find(intentId(legId, 1))).toMatchObject({
      purpose: 'open',
      state: 'canceled',
    });
    expect(rig.strangers).toEqual([]);
    await expectBooksEqualExchange(rig);
  });

  it('or none of what was planned: its capital is free in the life after, and what was sent of it is known', async () => {
    const [lost, never] = [await rig.taking('sphsentlater'), await rig.taking('sphneversent')];
    await planLegs(rig.journal, lost);
    await planLegs(rig.journal, never);
    const folder = await rig.backUp();
    await rig.send(lost);
    await rig.restore(folder);
    const { intents, control } = rig.journal;
    expect(await intents.endFormerLives('main')).toEqual([]);
    const halt = { requestId: 'restored', account: 'main', reason: 'restored', by: 'ann', beyond: 0 };
    expect(await control.raiseRestored(halt)).toMatchObject({ epoch: 1_000_001 });
    await rig.ingest.round();
    expect(await intents.endFormerLives('main')).toEqual(['sphneversent-1']);
    expect(await intents.endFormerLives('main')).toEqual([]);
    expect(await intents.find(intentId(lost.legId, 1))).toMatchObject({ purpose: 'open', state: 'filled' });
    await expectBooksEqualExchange(rig);
  });

  it('of a second submission free what is left of its leg, whose first one no trade tells of', async () => {
    const chase = { style: 'chase', submissions: 4 } as const;
    const leg = await rig.taking('sphsecond', { working: chase });
    await planLegs(rig.journal, leg);
    const folder = await rig.backUp();
    await rig.restore(folder);
    const { intents, control, ledger } = rig.journal;
    const { legId, account, symbol, side, limitPrice } = leg;
    await intents.recover({
      intentId: intentId(legId, 2),
      legId,
      submission: 2,
      account,
      symbol,
      side,
      quantity: leg.quantity,
      limitPrice,
    });
    await intents.report({ intentId: intentId(legId, 2), state: 'canceled', fills: [] });
    const halt = { requestId: 'restored', account, reason: 'restored', by: 'ann', beyond: 0 };
    await control.raiseRestored(halt);
    await intents.endFormerLives(account);
    expect(await intents.endFormerLives(account)).toEqual([]);
    expect((await ledger.balances(account)).filter(({ reserved }) => reserved !== '0')).toEqual([]);
  });

  it('are booked where nothing of the symbol had been read before', async () => {
    const folder = await rig.backUp();
    const { ask } = await rig.trading.touch('ETH/USDT');
    const limitPrice = String(Math.ceil(Number(ask) * 1.01));
    await rig.send(await rig.taking('spheth', { symbol: 'ETH/USDT', quantity: '0.01', limitPrice }));
    await rig.restore(folder);
    await rig.ingestOf('BTC/USDT', 'ETH/USDT').round();
    expect(await rig.journal.intents.find(intentId(tagged('spheth'), 1))).toMatchObject({ purpose: 'recovered' });
    await expectBooksEqualExchange(rig);
  });
});

describe.each(ENGINES)('fees in a third asset since the backup of books in %s', { timeout: 180_000 }, (engine) => {
  it('are booked to the unit, whether the position that paid them was there before or is recovered, too', async () => {
    const rig = await makeRestorable(engine, server, { payFeesInBnb: true });
    try {
      const buying = async (legId: string, symbol: string, quantity: string) => {
        const { ask } = await rig.trading.touch(symbol);
        const limitPrice = String(Math.ceil(Number(ask) * 1.01));
        await rig.send(await rig.taking(legId, { symbol, quantity, limitPrice }));
      };
      const ingest = () => rig.ingestOf('BNB/USDT', 'BTC/USDT', 'ETH/USDT').round();
      const state = async () => {
        const { ledger } = rig.journal;
        const positions = (await ledger.positions('main')).map(({ openedAt: _at, ...position }) => position);
        return { positions, balances: await ledger.balances('main'), fees: await ledger.fees('main') };
      };
      await ingest();
      await buying('sphbnb', 'BNB/USDT', '0.5');
      await ingest();
      const folder = await rig.backUp();
      await buying('sphmorebnb', 'BNB/USDT', '0.25');
      await buying('sphfeebuy', 'BTC/USDT', '0.003');
      await buying('spheth', 'ETH/USDT', '0.1');
      const { bid } = await rig.trading.touch('BTC/USDT');
      const limitPrice = String(Math.floor(Number(bid) * 0.99));
      await rig.send(
        await rig.taking('sphfeesale', { side: 'sell', purpose: 'flatten', quantity: '0.002', limitPrice }),
      );
      await ingest();
      const lost = await state();
      expect(lost.fees).toHaveProperty('BNB');
      await expectBooksEqualExchange(rig);
      await rig.restore(folder);
      expect(await state()).not.toEqual(lost);
      await ingest();
      await ingest();
      expect(await state()).toEqual(lost);
      await expectBooksEqualExchange(rig);
      const recovered = await rig.journal.intents.find(intentId(tagged('sphfeesale'), 1));
      expect(recovered).toMatchObject({ purpose: 'recovered', state: 'filled', filledQuantity: '0.002' });
    } finally {
      await rig.close();
    }
  });
});
