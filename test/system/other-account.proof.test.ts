import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type Ended, type Installation, makeInstallation } from '../support/installation.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

const OTHER =
  /sapphire: These books are bound: their account main is one at paper exchange (\d{10}), since .*, and the exchange here is paper exchange (\d{10})\./;
const cyclesSchema = z.object({ cycles: z.array(z.looseObject({ outcome: z.string() })) });

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

const cycle = (installation: Installation): Promise<Ended> =>
  installation.startAndWait('--cycles', '1', '--exit', '--json');

function trades({ code, stdout, stderr }: Ended): string {
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const { cycles } = cyclesSchema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
  expect(cycles).toHaveLength(1);
  return stderr;
}

/** All that the books hold but the looks of processes, as text. */
async function booksIn(url: string): Promise<string> {
  const tables = ['outbox', 'audit_trail', 'bindings', 'ledger_balances', 'intents', 'reconciliations', 'control'];
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const rows: unknown[] = [];
    for (const table of tables) rows.push((await client.query(`SELECT * FROM ${table} ORDER BY 1`)).rows);
    return JSON.stringify(rows);
  } finally {
    await client.end();
  }
}

it('a start with another paper exchange than that of the books is refused before it writes any of them', {
  timeout: 300_000,
}, async () => {
  const url = await postgres.database();
  const [first, second] = [await makeInstallation(), await makeInstallation()];
  for (const { environment } of [first, second]) environment['SAPPHIRE_JOURNAL_URL'] = url;
  expect(trades(await cycle(first))).toMatch(/The books of main are bound to paper exchange \d{10} from now on\n/);

  const before = await booksIn(url);
  const { code, stderr } = await cycle(second);
  expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringMatching(OTHER) });
  const [, bound, found] = OTHER.exec(stderr) ?? [];
  expect(bound).not.toBe(found);
  expect(stderr).toContain('name another database in SAPPHIRE_JOURNAL_URL, and move warehouse/paper out of ');
  expect(stderr).not.toContain('Starting the workers');
  expect(await booksIn(url)).toBe(before);

  // The first goes on as before, and is bound once.
  expect(trades(await cycle(first))).not.toContain('bound');
});

it('a paper exchange that is lost is said so, and new books begin as the words say', { timeout: 300_000 }, async () => {
  const installation = await makeInstallation();
  const data = join(installation.folder, 'data');
  trades(await cycle(installation));
  for (const end of ['', '-wal', '-shm']) rmSync(join(data, `paper-exchange.db${end}`), { force: true });
  const refused = await cycle(installation);
  expect({ code: refused.code, stderr: refused.stderr }).toEqual({ code: 5, stderr: expect.stringMatching(OTHER) });

  const away = (file: string): void => renameSync(join(data, file), join(installation.folder, file.replace('/', '-')));
  away('journal.db');
  // One step that was forgotten is named in its turn.
  const left = await cycle(installation);
  expect({ code: left.code, stderr: left.stderr }).toEqual({
    code: 6,
    stderr: expect.stringMatching(/The warehouse in .* holds the events of other books/),
  });
  away('warehouse/paper');
  const last = await cycle(installation);
  expect({ code: last.code, stderr: last.stderr }).toEqual({
    code: 6,
    stderr: expect.stringMatching(/The market buffer .*market-buffer\.db holds the prices of other books/),
  });
  away('market-buffer.db');
  trades(await cycle(installation));
});
