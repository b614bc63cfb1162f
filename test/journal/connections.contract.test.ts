import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openJournal } from '../../stores/journal/open.ts';
import { MOST_CONNECTIONS } from '../../stores/journal/postgres/connections.ts';
import { openPostgresDatabase } from '../../stores/journal/postgres/database.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import { openMarketBuffer } from '../../stores/market-buffer/open.ts';
import { PAPER, temporaryFolder } from '../support/books.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

const HALT = { requestId: 'r1', account: 'main', reason: 'test', by: 'me' };

describe('the connections of a process to a server', () => {
  let server: PostgresServer;
  let owner: Client;
  /** As a role that the server can limit: it lets its own superuser in always. */
  let address: string;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    const url = new URL(await server.database());
    owner = new Client({ connectionString: url.href });
    await owner.connect();
    const database = url.pathname.slice(1);
    await owner.query(`CREATE ROLE ${database} LOGIN PASSWORD 'p'; ALTER DATABASE ${database} OWNER TO ${database}`);
    await owner.query(`ALTER SCHEMA public OWNER TO ${database}`);
    address = Object.assign(url, { username: database, password: 'p' }).href;
    vi.stubEnv('SAPPHIRE_DATA', temporaryFolder());
    vi.stubEnv('SAPPHIRE_JOURNAL_URL', address);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await owner.end();
  });

  const limit = (most: number) => owner.query(`ALTER ROLE ${new URL(address).username} CONNECTION LIMIT ${most}`);
  const open = async (): Promise<number> => {
    const { rows } = await owner.query<{ n: string }>(
      'SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return Number(rows[0]?.n);
  };

  it('are few while it works and one while it rests, for the journal and the market buffer together', async () => {
    const journal = await openJournal(PAPER);
    const market = await openMarketBuffer(PAPER, journal.id);
    const working = new AbortController();
    const counts: number[] = [];
    const counting = (async () => {
      while (!working.signal.aborted) counts.push(await open());
    })();
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        await journal.outbox.append([{ eventId: `e${index}`, kind: 'told', payload: {} }]);
        await market.outbox.append([{ eventId: `e${index}`, kind: 'seen', payload: {} }]);
        expect((await market.outbox.after(0, 1))[0]?.kind).toBe('seen');
      }),
    );
    working.abort();
    await counting;
    expect(Math.max(...counts)).toBeGreaterThan(1);
    expect(Math.max(...counts)).toBeLessThanOrEqual(MOST_CONNECTIONS);
    expect(await journal.outbox.after(0, 1_000)).toHaveLength(200);
    expect(await market.outbox.after(0, 1_000)).toHaveLength(200);

    await expect.poll(open, { timeout: 5_000 }).toBe(1);
    await journal.close();
    expect(await market.outbox.lastSequence()).toBe(200);
    await market.close();
    await expect.poll(open).toBe(0);
  });

  it('suffice where the server has one place left, and a halt is written', async () => {
    await limit(1);
    const journal = await openJournal(PAPER);
    await Promise.all(Array.from({ length: 20 }, () => journal.outbox.lastSequence()));
    await sleep(3_000);
    expect((await journal.control.raiseHalt(HALT)).tradingState).toBe('halted');
    await journal.close();
  });

  it('say within five seconds that the server has no place left, and what to do', async () => {
    await limit(1);
    const journal = await openJournal(PAPER);
    const startedAt = performance.now();
    await expect(openPostgresDatabase(address, PAPER)).rejects.toMatchObject({
      code: 'JournalUnusable',
      message: expect.stringMatching(/too many connections.*connections are taken.*Raise max_connections/),
    });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await journal.close();
  });

  it('leave one to a stop, whatever the others wait for', async () => {
    const database = await openPostgresDatabase(address, PAPER);
    const journal = await createJournal(database);
    const stalled = Array.from({ length: 2 * MOST_CONNECTIONS }, (_, index) =>
      database.transaction(`other${index}`, {}, () => sleep(1_500)),
    );
    await sleep(200);
    const startedAt = performance.now();
    await journal.control.raiseHalt(HALT);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await Promise.all(stalled);
    await journal.close();
  });
});
