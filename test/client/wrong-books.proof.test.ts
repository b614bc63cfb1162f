import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgresJournal } from '../../stores/journal/postgres/journal.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { PAPER, temporaryFolder } from '../support/books.ts';
import { type Ended, end, type Installation, makeInstallation } from '../support/installation.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

/** A stack whose books are in PostgreSQL, and terminals that do not know it. */

let postgres: PostgresServer;
let url: string;
let installation: Installation;
const running: ChildProcess[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
  url = await postgres.database();
  installation = await makeInstallation();
});
afterAll(async () => {
  for (const child of running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    const ended = end(child);
    child.kill('SIGINT');
    await ended;
  }
  await postgres?.stop();
});

async function start(): Promise<ChildProcess> {
  const child = installation.up();
  running.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (text += data.toString()));
  await expect
    .poll(() => text.includes('Ctrl-C stops') || child.exitCode !== null, { timeout: 150_000, interval: 100 })
    .toBe(true);
  expect(text).toContain('Ctrl-C stops');
  return child;
}

async function halt() {
  const journal = await openPostgresJournal(url, PAPER);
  try {
    return await journal.control.read('main');
  } finally {
    await journal.close();
  }
}

const answer = ({ stdout }: Ended): unknown => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');

it('what runs is stopped from a terminal that knows nothing of its books, or other ones', {
  timeout: 400_000,
}, async () => {
  installation.environment['SAPPHIRE_JOURNAL_URL'] = url;
  const first = await start();
  Reflect.deleteProperty(installation.environment, 'SAPPHIRE_JOURNAL_URL');

  const set = await installation.sapphire('risk', 'set', 'maxDailyLoss=0.03', '--reason', 'test');
  expect({ code: set.code, stderr: set.stderr }).toEqual({ code: 0, stderr: '' });
  const stopped = await installation.sapphire('stop', '--break-glass', '--json', '--reason', 'one');
  expect(answer(stopped)).toMatchObject({ fenced: true, quiet: true, epoch: 1, note: '' });
  expect(stopped.code).toBe(0);
  expect(await halt()).toMatchObject({ tradingState: 'halted', reason: 'one' });
  expect(existsSync(join(installation.folder, 'data', 'journal.db'))).toBe(false);

  // Another data folder, with books of its own, in front of the same Temporal.
  const other = temporaryFolder();
  const stray = await openSqliteJournal(join(other, 'journal.db'), PAPER);
  await stray.close();
  const data = installation.environment['SAPPHIRE_DATA'];
  installation.environment['SAPPHIRE_DATA'] = other;
  const status = await installation.sapphire('status');
  expect({ code: status.code, stderr: status.stderr }).toEqual({
    code: 5,
    stderr: expect.stringContaining(`the ones here are journal ${stray.id}`),
  });
  const wrong = await installation.sapphire('stop', '--break-glass', '--wait', '2', '--reason', 'two');
  expect(wrong.stdout).toMatch(/NOT FENCED[^]*What runs keeps OTHER books[^]*Temporal has taken the signal/);
  expect(wrong.code).toBe(1);
  await expect.poll(async () => (await halt()).reason, { timeout: 30_000 }).toBe('two');
  const signalled = await installation.sapphire('stop', '--json', '--reason', 'three');
  expect(answer(signalled)).toMatchObject({ fenced: true, note: expect.stringContaining(stray.id) });
  expect(await halt()).toMatchObject({ tradingState: 'halted', reason: 'three' });

  Object.assign(installation.environment, { SAPPHIRE_DATA: data });
  const ended = end(first);
  first.kill('SIGINT');
  expect((await ended).code).toBe(0);
  // The next start has the same books, and makes no others.
  await start();
  const again = await installation.sapphire('status', '--json');
  expect(answer(again)).toMatchObject({ control: { tradingState: 'halted', reason: 'three' } });
  expect(existsSync(join(installation.folder, 'data', 'journal.db'))).toBe(false);
});
