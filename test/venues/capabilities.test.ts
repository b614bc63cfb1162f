import { describe, expect, it } from 'vitest';
import { legId } from '../../contracts/leg-ids.ts';
import { intentId } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { type Capabilities, capabilities, requireProof } from '../../venues/capabilities.ts';
import type { TradingPort } from '../../venues/port.ts';
import { leg, sending, temporaryJournal, terms } from '../support/books.ts';

const { binance } = capabilities;

describe('a venue that cannot prove that an order never was there', () => {
  it.each<[why: string, lacking: Partial<Capabilities>, words: RegExp]>([
    ['expires no request', { requestValidMs: undefined }, /^kraken refuses no request that comes late:/],
    ['finds none by our id', { clientIdLookUp: undefined }, /^kraken finds no order by the id that Sapphire gave it:/],
    ['takes no id of ours', { clientId: /^[a-z0-9]{1,32}$/ }, /^kraken takes no order id such as sph\w{24}-1:/],
    ['can nothing', { requestValidMs: undefined, clientIdLookUp: undefined }, /late and finds no order/],
  ])('is refused where it %s, with what to do', (_why, lacking, words) => {
    const open = () => requireProof('kraken', { ...binance, ...lacking });
    expect(open).toThrow(expect.objectContaining({ code: 'VenueUnprovable', message: expect.stringMatching(words) }));
    expect(open).toThrow('"mode": "paper"');
  });

  it.each(Object.entries(capabilities))('%s is none', (venue, row) => {
    expect(requireProof(venue, row)).toEqual(row);
    // The longest id of ours: every leg id has the same length.
    expect(intentId(legId('main', tagged('cycle/main/1'), 'BTC/USDT', 0, 'open'), 999)).toMatch(row.clientId);
  });
});

describe('what a venue is sent', () => {
  it('is an order that the fence let pass, and by its type nothing else', async () => {
    const journal = await temporaryJournal();
    const sent = async (trading: Pick<TradingPort, 'place'>): Promise<unknown> => {
      const order = leg();
      const fence = await journal.intents.openFence(order, terms(order), sending(0));
      // @ts-expect-error a leg was not let pass
      void (() => trading.place(order));
      // @ts-expect-error nor was everything that an order has
      void (() => trading.place({ ...order, ...terms(order), ...sending(0), intentId: 'sph-1' }));
      // @ts-expect-error nor was an intent that stands in the books: it may have been denied, or sent
      void (() => trading.place(fence.intent));
      // @ts-expect-error nor is it known before the fence was asked
      void (() => trading.place(fence.order));
      return fence.passed ? trading.place(fence.order) : fence.code;
    };
    const place = async () => {
      throw new Error('sent');
    };
    // Nothing is reserved: the fence lets nothing pass, and nothing is sent.
    expect(await sent({ place })).toBe('NotReserved');
    await journal.close();
  });
});
