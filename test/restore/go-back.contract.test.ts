import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listAsides } from '../../stores/backup/asides.ts';
import { makeBackup } from '../../stores/backup/backup.ts';
import { goBack } from '../../stores/backup/go-back.ts';
import type { Places } from '../../stores/backup/places.ts';
import { restoreBackup } from '../../stores/backup/restore.ts';
import { fund, temporaryFolder } from '../support/books.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { ENGINES, openBooks, placesIn } from './harness.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

describe.each(ENGINES)('the way back from a restore of books in %s', { timeout: 180_000 }, (engine) => {
  let places: Places;
  let data: string;
  let backup: string;
  const warehouseNote = () => readFileSync(join(places.warehouse, 'note'), 'utf8');

  const held = async () => {
    const journal = await openBooks(places);
    try {
      return (await journal.ledger.balances('main')).map(({ asset, free }) => `${free} ${asset}`);
    } finally {
      await journal.close();
    }
  };
  const add = async (asset: string) => {
    const journal = await openBooks(places);
    await fund(journal, '7', asset);
    await journal.close();
    mkdirSync(places.warehouse, { recursive: true });
    writeFileSync(join(places.warehouse, 'note'), asset);
  };

  beforeEach(async () => {
    places = await placesIn(temporaryFolder(), engine, server);
    data = dirname(dirname(places.warehouse));
    await add('USDT');
    const journal = await openBooks(places);
    places.journal = journal.id;
    await journal.close();
    backup = (await makeBackup(places, { at: Date.now(), scheduled: false })).folder;
    await add('BTC');
    await restoreBackup(backup, places, Date.now());
    expect(await held()).toEqual(['7 USDT']);
  });

  it('puts back what was moved aside, once, and can be gone back by its name', async () => {
    const went = await goBack(places, Date.now());
    expect(await held()).toEqual(['7 BTC', '7 USDT']);
    expect(warehouseNote()).toBe('BTC');
    expect(existsSync(went?.from.folder ?? '')).toBe(false);

    expect(await goBack(places, Date.now())).toBeUndefined();
    expect(await held()).toEqual(['7 BTC', '7 USDT']);

    const named = went?.aside ?? '';
    expect(await listAsides(data)).toMatchObject([{ folder: named, by: 'back' }]);
    const again = await goBack(places, Date.now() + 5_000, { named });
    expect(await held()).toEqual(['7 USDT']);
    expect(await listAsides(data)).toMatchObject([{ folder: again?.aside, by: 'back' }]);
  });

  it('knows the epoch of the books that it replaces, so that each life has ids and epochs of its own', async () => {
    const journal = await openBooks(places);
    const request = { requestId: 'one', account: 'main', reason: 'restored', by: 'ann' };
    const { epoch } = await journal.control.raiseRestored({ ...request, beyond: 0 });
    await journal.close();
    const went = await goBack(places, Date.now());
    expect(went?.former).toEqual({ journal: places.journal, epoch });
    const former = await openBooks(places);
    expect((await former.control.read('main')).epoch).toBe(0);
    expect(await former.control.raiseRestored({ ...request, beyond: epoch })).toMatchObject({ epoch: 2_000_001 });
    await former.close();
  });

  it('is refused where nothing was moved aside, and while the books are in use', async () => {
    const nowhere = await goBack(places, Date.now(), { named: join(data, 'before-restore-mine') }).catch(
      (e: unknown) => e,
    );
    expect(nowhere).toMatchObject({ code: 'NothingToGoBackTo' });
    const journal = await openBooks(places);
    await expect(goBack(places, Date.now())).rejects.toMatchObject({ code: 'StillRunning' });
    await journal.close();
    const other = await placesIn(temporaryFolder(), engine, server);
    await expect(goBack(other, Date.now())).rejects.toThrow(/No restore has moved books aside/);
  });

  it('is completed by the same call where it was cut off before the books had changed', async () => {
    // As one that was killed once the warehouse had moved.
    const cut = join(data, 'before-back-20990101T000000Z');
    mkdirSync(join(cut, 'paper'), { recursive: true });
    await goBack(places, Date.now());
    expect(await held()).toEqual(['7 BTC', '7 USDT']);
    expect(readdirSync(data).filter((name) => name.endsWith('.restored'))).toEqual([]);
  });
});
