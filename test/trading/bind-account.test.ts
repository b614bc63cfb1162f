import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccountIdentity } from '../../contracts/binding.ts';
import { ExitCode } from '../../contracts/errors.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { bindBooks, refuseOtherAccount, refuseOtherMarket } from '../../trading/control/bind-account.ts';
import { temporaryFolder, temporaryJournal } from '../support/books.ts';

const identity = (market: string, uid = '1'): AccountIdentity => ({
  venue: 'binance',
  market,
  fingerprint: createHash('sha256')
    .update(market + uid)
    .digest('hex'),
});
const at = (found: AccountIdentity) => ({ accountIdentity: async () => found });
const venueOf = (market: string) => ({ marketName: async () => market });
const paper = { account: 'main', mode: 'paper' } as const;
const live = { account: 'main', mode: 'live' } as const;
const first = identity('paper exchange 1000000001');
const second = identity('paper exchange 1000000002');

const original = { ...process.env };
let journal: Journal;
beforeEach(async () => {
  process.env['SAPPHIRE_DATA'] = temporaryFolder();
  journal = await temporaryJournal(() => 0);
});
afterEach(async () => {
  process.env = { ...original };
  await journal.close();
});

describe('books are bound', () => {
  it('by the first start, and go on with the same account', async () => {
    const tools = { journal, trading: at(first), configuration: paper };
    expect(await refuseOtherAccount(tools)).toBeUndefined();
    await refuseOtherMarket({ journal, venue: venueOf(second.market), configuration: paper });
    expect(await bindBooks(tools, 'npm start')).toMatchObject({ isNew: true, binding: { ...first, boundAt: 0 } });
    const told: unknown[] = [];
    const logger = { info: (facts: unknown) => void told.push(facts) };
    expect(await bindBooks({ ...tools, logger }, 'workers/control')).toMatchObject({ isNew: false });
    expect(told).toEqual([{ account: 'main', market: first.market, boundAt: 0, isNew: false }]);
    expect(await refuseOtherAccount(tools)).toMatchObject(first);
    await refuseOtherMarket({ journal, venue: venueOf(first.market), configuration: paper });
  });

  it('to one paper exchange, and say of another which they need and how to begin anew', async () => {
    await bindBooks({ journal, trading: at(first), configuration: paper }, 'npm start');
    const told = await journal.outbox.lastSequence();
    const tools = { journal, trading: at(second), configuration: paper };
    for (const refused of [
      () => bindBooks(tools, 'npm start'),
      () => refuseOtherAccount(tools),
      () => refuseOtherMarket({ journal, venue: venueOf(second.market), configuration: paper }),
    ]) {
      const error = await refused().catch((fault: unknown) => fault);
      expect(error).toMatchObject({ code: 'OtherAccount', exitCode: ExitCode.refused });
      const folder = process.env['SAPPHIRE_DATA'];
      expect(String(error)).toContain(
        `their account main is one at paper exchange 1000000001, since 1970-01-01T00:00:00.000Z, and the exchange here is paper exchange 1000000002. To go on with them start paper exchange 1000000001 again: put its paper-exchange.db back into ${folder}`,
      );
      expect(String(error)).toContain(
        `begin new books: move journal.db and market-buffer.db, each with its -wal and -shm where there is one, and warehouse/paper out of ${folder}, or name another folder in SAPPHIRE_DATA.`,
      );
    }
    expect(await journal.outbox.lastSequence()).toBe(told);
    expect(await journal.bindings.read('main')).toMatchObject(first);
  });

  it('in PostgreSQL: another data folder alone would be no remedy', async () => {
    await bindBooks({ journal, trading: at(first), configuration: paper }, 'npm start');
    process.env['SAPPHIRE_JOURNAL_URL'] = 'postgres://me@127.0.0.1/books';
    await expect(bindBooks({ journal, trading: at(second), configuration: paper }, 'npm start')).rejects.toThrow(
      /begin new books: name another database in SAPPHIRE_JOURNAL_URL, and move warehouse\/paper out of /,
    );
  });

  it('to one account: keys of another one there are named by their variables, not shown', async () => {
    const ours = identity('binance', '1');
    const theirs = identity('binance', '2');
    await bindBooks({ journal, trading: at(ours), configuration: live }, 'npm start');
    await expect(bindBooks({ journal, trading: at(theirs), configuration: live }, 'workers/execution')).rejects.toThrow(
      `the keys here belong to another account there (${theirs.fingerprint.slice(0, 12)}, not ${ours.fingerprint.slice(0, 12)}). To go on with them give any keys of their account (SAPPHIRE_EXCHANGE_API_KEY and SAPPHIRE_EXCHANGE_SECRET).`,
    );
  });

  it('to one account under one name', async () => {
    const trading = at(identity('binance'));
    await bindBooks({ journal, trading, configuration: live }, 'npm start');
    await expect(
      bindBooks({ journal, trading, configuration: { ...live, account: 'second' } }, 'npm start'),
    ).rejects.toThrow(/main is one at binance, .* the configuration says account: second\. Set account: main in /);
    expect(await journal.bindings.read('second')).toBeUndefined();
  });

  it('to the venue’s own market or its testnet, whatever the number of the account', async () => {
    await bindBooks({ journal, trading: at(identity('binance')), configuration: live }, 'npm start');
    await expect(
      bindBooks({ journal, trading: at(identity('binance testnet')), configuration: live }, 'npm start'),
    ).rejects.toThrow('and the exchange here is binance testnet. To go on with them trade at binance again.');
  });

  it('to nothing by an exchange that does not answer', async () => {
    const away = { accountIdentity: () => Promise.reject(new Error('no answer')) };
    await expect(bindBooks({ journal, trading: away, configuration: paper }, 'npm start')).rejects.toThrow('no answer');
    expect(await journal.bindings.read('main')).toBeUndefined();
  });
});
