import { chmodSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Store } from '../../services/paper-exchange/persistence/store.ts';
import { temporaryFolder } from './harness.ts';

let folder: string;
let mask: number;
beforeEach(async () => {
  folder = await temporaryFolder();
  mask = process.umask(0o022);
});
afterEach(async () => {
  process.umask(mask);
  await rm(folder, { recursive: true, force: true });
});

const account = { id: 1, name: 'one', apiKey: 'key', secret: 'in plain', createdAt: 0 };

function modes(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
  );
}

test('a new database, its log and its lock are their owner’s alone', async () => {
  const store = new Store(join(folder, 'paper-exchange.db'));
  store.saveAccount(account);
  expect(modes()).toMatchObject({
    'paper-exchange.db': '600',
    'paper-exchange.db-wal': '600',
    'paper-exchange.db-shm': '600',
    'paper-exchange.db.lock': '600',
  });
  await store.close();
  expect([...new Set(Object.values(modes()))]).toEqual(['600']);
});

test('one that others could read, from before or after a crash, is taken from them', async () => {
  const file = join(folder, 'paper-exchange.db');
  const before = new Store(file);
  before.saveAccount(account);
  await before.close();
  // A reader that is open keeps the log there, as a crash does.
  const reader = new DatabaseSync(file);
  reader.exec('PRAGMA journal_mode = WAL; CREATE TABLE held (id INTEGER)');
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
  expect(modes()).toMatchObject({ 'paper-exchange.db-wal': '644', 'paper-exchange.db-shm': '644' });
  const store = new Store(file);
  expect(store.accounts()).toEqual([account]);
  expect([...new Set(Object.values(modes()))]).toEqual(['600']);
  reader.close();
  await store.close();
});
