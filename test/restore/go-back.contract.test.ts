import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listAsides } from '../../stores/backup/asides.ts';
import { makeBackup } from '../../stores/backup/backup.ts';
import { goBack } from '../../stores/backup/go-back.ts';
import type { Places } from '../../stores/backup/places.ts';
import { completeReplacement } from '../../stores/backup/replace.ts';
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
  /** As the commands do it, halt and all. */
  const back = async (at = Date.now(), named?: string) => {
    const went = await goBack(places, at, named === undefined ? {} : { named });
    await completeReplacement(places);
    return went;
  };
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
    await completeReplacement(places);
    expect(await held()).toEqual(['7 USDT']);
  });

  it('puts back what was moved aside, once, and can be gone back by its name', async () => {
    const went = await back();
    expect(await held()).toEqual(['7 BTC', '7 USDT']);
    expect(warehouseNote()).toBe('BTC');
    expect(existsSync(went?.from.folder ?? '')).toBe(false);

    expect(await goBack(places, Date.now())).toBeUndefined();
    expect(await held()).toEqual(['7 BTC', '7 USDT']);

    const named = went?.aside ?? '';
    expect(await listAsides(data)).toMatchObject([{ folder: named, by: 'back' }]);
    const again = await back(Date.now() + 5_000, named);
    expect(await held()).toEqual(['7 USDT']);
    expect(await listAsides(data)).toMatchObject([{ folder: again?.aside, by: 'back' }]);
  });

  it('knows the epoch of the books that it replaces, so that each life has ids and epochs of its own', async () => {
    const journal = await openBooks(places);
    const request = { requestId: 'one', account: 'main', reason: 'restored', by: 'ann' };
    const { epoch } = await journal.control.raiseRestored({ ...request, beyond: 0 });
    await journal.close();
    const went = await back();
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

  it('is gone on with wherever it was cut off, and what had stood there at its beginning is what is kept', async () => {
    for (const cut of cuts) {
      const was = await held();
      const went = await goBack(places, Date.now());
      cut(went?.aside ?? '', places);
      expect(await back()).toMatchObject({ aside: went?.aside, former: went?.former });
      expect([await held(), warehouseNote()]).toEqual([['7 BTC', '7 USDT'], 'BTC']);
      expect(readdirSync(data).filter((name) => /restored$|^before-restore|^replacing/.test(name))).toEqual([]);
      await back(Date.now(), went?.aside);
      expect(await held()).toEqual(was);
      // For the next one.
      await back(Date.now(), (await listAsides(data))[0]?.folder);
      await restoreBackup(backup, places, Date.now());
      await completeReplacement(places);
    }
  });

  it('a restore that was cut off is completed by another one, and not gone back from before', async () => {
    await back();
    for (const cut of cuts) {
      const { aside, former } = await restoreBackup(backup, places, Date.now());
      cut(aside, places);
      await expect(goBack(places, Date.now())).rejects.toMatchObject({
        code: 'RestoreUnfinished',
        message: expect.stringContaining(`complete it: ./sapphire restore ${backup} --yes`),
      });
      expect(await restoreBackup(backup, places, Date.now())).toMatchObject({ aside, former });
      await completeReplacement(places);
      expect(await held()).toEqual(['7 USDT']);
      await back();
      expect([await held(), warehouseNote()]).toEqual([['7 BTC', '7 USDT'], 'BTC']);
    }
  });
});

/** How far one had come that was killed, made of one that had only not been halted: to its end, or not as far as the books, or no farther than its note. */
const cuts: ((aside: string, places: Places) => void)[] = [
  () => {},
  (_aside, { books }) => {
    if (books.engine === 'sqlite') rmSync(books.journal);
  },
  (aside, { books }) => {
    if (books.engine === 'sqlite') renameSync(join(aside, 'journal.db'), books.journal);
  },
  (aside, { books, warehouse }) => {
    if (books.engine !== 'sqlite') return;
    renameSync(join(aside, 'journal.db'), books.journal);
    rmSync(warehouse, { recursive: true, force: true });
    if (existsSync(join(aside, 'paper'))) renameSync(join(aside, 'paper'), warehouse);
  },
];
