import { describe, expect, it } from 'vitest';
import { via } from '../../contracts/audit.ts';
import { riskSchema } from '../../contracts/config/schema.ts';
import { fund, leg, planLegs, sending, terms, trade } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const signed = { reason: 'news', by: 'ann', via: via.os('ann') };
const DAY_MS = 86_400_000;

describe.each(adapterNames)('what is asked by hand, on %s', (name) => {
  const books = new FreshBooks(name, riskSchema.parse({ maxOrderNotional: '5000' }));
  const hand = () => books.journal.byHand;
  const kinds = async () => (await books.journal.audit.after(0, 100)).map(({ kind, by, reason }) => [kind, by, reason]);
  const hold = async (): Promise<number> => {
    await fund(books.journal);
    await trade(books.journal, leg({ quantity: '0.01' }), { quantity: '0.01', price: '60000' });
    return (await books.journal.ledger.positions('main'))[0]?.openedAt ?? 0;
  };

  it('is a close, once for each holding', async () => {
    const openedAt = await hold();
    const request = { account: 'main', symbol: 'BTC/USDT', openedAt, ...signed };
    const first = await hand().close(request);
    books.now += 5_000;
    expect(await hand().close({ ...request, by: 'ben' })).toEqual(first);
    expect(first).toEqual({
      symbol: 'BTC/USDT',
      openedAt,
      own: {},
      closing: { reason: 'news', by: 'ann', at: 1_000_000 },
    });
    expect((await kinds()).filter(([kind]) => kind === 'position.close_asked')).toEqual([
      ['position.close_asked', 'ann', 'news'],
    ]);
    expect(await books.journal.audit.verify()).toMatchObject({ fault: undefined, differences: [] });
    for (const over of [{ openedAt: openedAt + 1 }, { symbol: 'ETH/USDT' }])
      await expect(hand().close({ ...request, ...over })).rejects.toMatchObject({ code: 'NotHeld' });
  });

  it('are exits of one holding, barrier by barrier, which a close keeps', async () => {
    const openedAt = await hold();
    const request = { account: 'main', symbol: 'BTC/USDT', openedAt, ...signed };
    await hand().setExits({ ...request, own: { stopLoss: { price: '58000' }, takeProfit: null } });
    await hand().setExits({ ...request, own: { trailingStop: 0.02 } });
    await hand().setExits({ ...request, own: { trailingStop: 0.02 } });
    await hand().close(request);
    const own = { stopLoss: { price: '58000' }, takeProfit: null, trailingStop: 0.02 };
    expect(await (await books.again()).byHand.exits('main')).toMatchObject([{ openedAt, own, closing: { by: 'ann' } }]);
    expect((await kinds()).filter(([kind]) => kind === 'position.exits_set')).toHaveLength(2);
  });

  it('is a symbol left out, which the fence refuses to buy and lets sell, until then', async () => {
    await hold();
    const until = books.now + DAY_MS;
    await hand().leaveOut({ account: 'main', symbol: 'BTC/USDT', until, ...signed });
    const buy = leg({ legId: 'sph-buy', quantity: '0.01' });
    await planLegs(books.journal, buy);
    const asked = (at: number) => books.journal.intents.openFence(buy, terms(buy), sending(at));
    const refused = { passed: false, code: 'LeftOut', limit: String(until), value: String(books.now) };
    expect(await asked(books.now)).toMatchObject(refused);
    await trade(books.journal, leg({ legId: 'sph-sell', side: 'sell', purpose: 'protect', quantity: '0.01' }), {
      quantity: '0.01',
      price: '60000',
    });
    expect((await books.journal.ledger.positions('main'))[0]).toMatchObject({ quantity: '0' });
    expect(await hand().leftOut('main', until)).toEqual([]);
    expect(await hand().leftOut('main', until - 1)).toMatchObject([{ symbol: 'BTC/USDT', until, by: 'ann' }]);
  });

  it('is a symbol taken back, which says whether it was left out', async () => {
    const request = { account: 'main', symbol: 'BTC/USDT', ...signed };
    expect(await hand().takeBack(request)).toBe(false);
    await hand().leaveOut({ ...request, until: books.now + DAY_MS });
    expect(await hand().takeBack(request)).toBe(true);
    expect(await hand().takeBack(request)).toBe(false);
    expect(await hand().leftOut('main', books.now)).toEqual([]);
    expect((await kinds()).map(([kind]) => kind)).toEqual(
      expect.arrayContaining(['symbol.left_out', 'symbol.taken_back']),
    );
  });
});
