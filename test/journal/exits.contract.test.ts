import { describe, expect, it } from 'vitest';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { fund, leg, sending, terms, trade } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

describe.each(adapterNames)('what an exit reserves on %s', (name) => {
  const books = new FreshBooks(name);

  const plan = (legId: string): Promise<OrderLeg | undefined> =>
    books.journal.intents.planExit({ legId, account: 'main', symbol: 'BTC/USDT' }, ({ free }) =>
      free === '0' ? undefined : leg({ legId, cycleId: legId, side: 'sell', purpose: 'protect', quantity: free }),
    );

  it('is sold by the next exit, once nobody has sent it for half a minute, and by no late sender', async () => {
    await fund(books.journal);
    await trade(books.journal, leg());
    const lost = await plan('sph-lost');
    expect(lost?.quantity).toBe('0.01');
    books.now += 29_999;
    expect(await plan('sph-next')).toBeUndefined();
    books.now += 1;
    const next = await plan('sph-next');
    expect(next?.quantity).toBe('0.01');
    if (!lost || !next) throw new Error('nothing was planned');
    expect(await books.journal.intents.openFence(lost, terms(lost), sending(books.now))).toMatchObject({
      passed: false,
      code: 'IntentExists',
      value: 'void',
    });
    expect(await books.journal.intents.openFence(next, terms(next), sending(books.now))).toMatchObject({
      passed: true,
    });
  });

  it('is sold by the next exit at once where a clock was set back since', async () => {
    await fund(books.journal);
    await trade(books.journal, leg());
    await plan('sph-lost');
    books.now -= 3_600_000;
    expect((await plan('sph-next'))?.quantity).toBe('0.01');
  });

  it('stays reserved while its order is at the exchange', async () => {
    await fund(books.journal);
    await trade(books.journal, leg());
    const sent = await plan('sph-sent');
    if (!sent) throw new Error('nothing was planned');
    await books.journal.intents.openFence(sent, terms(sent), sending(books.now));
    books.now += 600_000;
    expect(await plan('sph-next')).toBeUndefined();
  });
});
