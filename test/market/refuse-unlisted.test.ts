import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../stores/journal/port.ts';
import { refuseUnlisted } from '../../trading/control/refuse-unlisted.ts';
import type { Listing } from '../../venues/port.ts';
import { temporaryJournal } from '../support/books.ts';

describe('a configured symbol', () => {
  let journal: Journal;
  beforeEach(async () => {
    journal = await temporaryJournal();
  });
  afterEach(() => journal.close());

  const start = (listing: Listing, mode: 'paper' | 'live' = 'paper') => {
    const configuration = { account: 'main', mode, symbols: ['BTC/USDT', 'GONE/USDT'] };
    return refuseUnlisted(
      configuration,
      { listing: (symbol) => (symbol === 'BTC/USDT' ? 'traded' : listing) },
      journal,
    );
  };
  /** The ingestor has read its trades once, and found none. */
  const wasTradedHere = async () => {
    await journal.exchange.acquireLease('main', 'one', 10_000);
    const batch = { account: 'main', symbol: 'GONE/USDT', holder: 'one', fills: [], from: undefined, next: '1' };
    await journal.exchange.bookTrades(batch);
  };

  it.each(['paper', 'live'] as const)('that the exchange does not list is refused at the start (%s)', async (mode) => {
    await expect(start('unlisted', mode)).rejects.toMatchObject({
      code: 'SymbolUnlisted',
      exitCode: 3,
      message: expect.stringMatching(/does not list GONE\/USDT: take it out of symbols in .*trading.yml/),
    });
  });

  it('that is not listed any more is no ground to stay down', async () => {
    await wasTradedHere();
    expect(await start('unlisted')).toBeUndefined();
  });

  it.each<Listing>(['traded', 'halted'])('that is %s starts', async (listing) => {
    expect(await start(listing)).toBeUndefined();
  });
});
