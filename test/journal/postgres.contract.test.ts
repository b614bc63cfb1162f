import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openJournal } from '../../stores/journal/open.ts';
import { openPostgresDatabase } from '../../stores/journal/postgres/database.ts';
import { openPostgresJournal } from '../../stores/journal/postgres/journal.ts';
import { PAPER, temporaryFolder } from '../support/books.ts';
import { freePort } from '../support/ports.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());
afterEach(() => vi.unstubAllEnvs());

async function byHand(address: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: address });
  await client.connect();
  await client.query(sql);
  await client.end();
}

function changed(address: string, changes: Partial<Record<'port' | 'password' | 'pathname', string>>): string {
  return Object.assign(new URL(address), changes).href;
}

describe('a journal on a server', () => {
  it('is chosen by SAPPHIRE_JOURNAL_URL', async () => {
    const address = await server.database();
    const direct = await openPostgresJournal(address, PAPER);
    vi.stubEnv('SAPPHIRE_DATA', temporaryFolder());
    vi.stubEnv('SAPPHIRE_JOURNAL_URL', address);
    const chosen = await openJournal(PAPER);
    expect(chosen.id).toBe(direct.id);
    await Promise.all([direct.close(), chosen.close()]);
  });

  it('is refused when a newer release wrote it', async () => {
    const address = await server.database();
    await (await openPostgresJournal(address, PAPER)).close();
    await byHand(address, 'INSERT INTO migrations (version, applied_at) VALUES (99, 0)');
    await expect(openPostgresJournal(address, PAPER)).rejects.toMatchObject({ code: 'JournalTooNew' });
  });

  it('says what is missing, with the way out and without the password', async () => {
    const address = await server.database();
    const refusal = (place: string): Promise<unknown> =>
      openPostgresJournal(place, PAPER).then(
        () => 'opened',
        (error: unknown) => (error as Error).message,
      );
    const closed = String(await freePort());
    const messages = await Promise.all([
      refusal(changed(address, { port: closed })),
      refusal(changed(address, { pathname: '/nowhere' })),
      refusal(changed(address, { password: 'guessed' })),
      refusal('postgres://user:guessed@no-such-host.invalid/books'),
    ]);
    expect(messages).toEqual([
      expect.stringMatching(/ECONNREFUSED.* Start the server/),
      expect.stringMatching(/database "nowhere" does not exist\. Create the database/),
      expect.stringMatching(/password authentication failed.* Correct user or password/),
      expect.stringMatching(/no-such-host\.invalid\/books cannot be used.* Correct the host/),
    ]);
    expect(messages.join()).not.toMatch(/guessed/);
    expect(messages.join()).not.toContain(new URL(address).password);
  });

  it('is refused where nothing can be written', async () => {
    const address = await server.database();
    const journal = await openPostgresJournal(address, PAPER);
    await journal.check();
    const name = new URL(address).pathname.slice(1);
    await byHand(address, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await byHand(
      address,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`,
    );
    await expect.poll(() => journal.check().then(() => 'written', String)).toMatch(/read-only transaction/);
    await journal.close();
  });

  it('is made once by eight who open it together', async () => {
    const address = await server.database();
    const journals = await Promise.all(Array.from({ length: 8 }, () => openPostgresJournal(address, PAPER)));
    expect(new Set(journals.map(({ id }) => id)).size).toBe(1);
    await Promise.all(journals.map((journal) => journal.close()));
  });

  it('takes a transaction away from who stalls in it, so that a halt is not held up', async () => {
    const address = await server.database();
    const stalled = await openPostgresDatabase(address, PAPER);
    const journal = await openPostgresJournal(address, PAPER);
    let lock = (): void => undefined;
    const locked = new Promise<void>((resolve) => {
      lock = resolve;
    });
    const fence = stalled.transaction('main', { control: 'read', ledger: true }, async (transaction) => {
      lock();
      await sleep(4_000);
      await transaction.row('SELECT 1');
    });
    const ended = expect(fence).rejects.toThrow();
    await locked;
    const startedAt = performance.now();
    await journal.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'test', by: 'me' });
    expect(performance.now() - startedAt).toBeLessThan(3_900);
    await ended;
    // The process is alive, and so are its books.
    await stalled.transaction('main', {}, async (transaction) => void (await transaction.row('SELECT 1')));
    await Promise.all([stalled.close(), journal.close()]);
  });

  it('tries again what another transaction made impossible', async () => {
    const database = await openPostgresDatabase(await server.database(), PAPER);
    let tries = 0;
    await database.transaction('main', {}, async (transaction) => {
      tries += 1;
      if (tries < 3) await transaction.run("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$");
    });
    expect(tries).toBe(3);
    await database.close();
  });
});
