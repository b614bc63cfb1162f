import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { AccountIdentity } from '../../contracts/binding.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import { type Adapter, adapterNames, opener, startAdapter } from './adapters.ts';

const NOW = 1_795_000_100_000;
const mine: AccountIdentity = { venue: 'binance', market: 'paper exchange 1000000001', fingerprint: 'a'.repeat(64) };
const others: AccountIdentity = { ...mine, market: 'paper exchange 1000000002', fingerprint: 'b'.repeat(64) };
const asked = { account: 'main', by: 'npm start', via: 'system:npm start' } as const;

describe.each(adapterNames)('the binding of books on %s', (name) => {
  let server: Adapter;
  let address: string;
  beforeAll(async () => {
    server = await startAdapter(name);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    address = await server.place();
  });
  const open = async () => {
    const database = await opener(name, address)(() => NOW);
    onTestFinished(() => database.close());
    return createJournal(database);
  };

  it('is made once, and stands in the trail', async () => {
    const journal = await open();
    expect(await journal.bindings.read('main')).toBeUndefined();
    const binding = { account: 'main', ...mine, boundAt: NOW };
    expect(await journal.bindings.bind({ ...asked, identity: mine })).toEqual({ binding, isNew: true });
    expect(await journal.bindings.bind({ ...asked, identity: mine })).toEqual({ binding, isNew: false });
    expect(await journal.bindings.bind({ ...asked, identity: others })).toEqual({ binding, isNew: false });
    expect(await (await open()).bindings.read('main')).toEqual(binding);

    const told = await journal.outbox.stored(0, 10);
    expect(told.map(({ kind }) => kind)).toEqual(['books.bound']);
    expect(JSON.parse(told[0]?.payload ?? '')).toMatchObject({ ...binding, by: 'npm start' });
    expect(await journal.audit.after(0, 10)).toMatchObject([
      { kind: 'books.bound', by: 'npm start', via: 'system:npm start' },
    ]);
    expect((await journal.audit.verify()).differences).toEqual([]);
  });

  it('is the first one’s of several that start at once', async () => {
    const journals = await Promise.all([open(), open(), open(), open()]);
    const bound = await Promise.all(
      journals.map(({ bindings }, place) => bindings.bind({ ...asked, identity: place % 2 === 0 ? mine : others })),
    );
    expect(bound.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(bound.map(({ binding }) => binding.fingerprint)).size).toBe(1);
  });

  it('is of no account that the books have under another name', async () => {
    const { bindings } = await open();
    const { binding } = await bindings.bind({ ...asked, identity: mine });
    expect(await bindings.bind({ ...asked, account: 'second', identity: mine })).toEqual({ binding, isNew: false });
    expect(await bindings.read('second')).toBeUndefined();
  });

  it('is one for each account', async () => {
    const { bindings } = await open();
    await bindings.bind({ ...asked, identity: mine });
    expect(await bindings.read('second')).toBeUndefined();
    expect(await bindings.bind({ ...asked, account: 'second', identity: others })).toMatchObject({ isNew: true });
    expect(await bindings.read('main')).toMatchObject(mine);
  });
});
